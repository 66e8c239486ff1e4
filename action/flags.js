// Inputs of the action as flags of "kindctl up".
'use strict'

const { input } = require('./runner')

const flagOf = {
  config: '--config', profile: '--profile', control_planes: '--control-planes', workers: '--workers',
  cni: '--cni', proxy_mode: '--proxy-mode', node_image: '--image', images: '--images', image_registry: '--image-registry',
  network: '--network', wait: '--wait-timeout', ttl: '--ttl',
}

// ofRestoring are those that do not say what the cluster is.
const ofRestoring = ['images', 'image_registry', 'wait', 'ttl']

const given = (names) => names.filter((name) => input(name) !== '').flatMap((name) => [flagOf[name], input(name)])

function flags() {
  return given(Object.keys(flagOf)).concat(input('flags').split(/\s+/).filter((word) => word !== ''))
}

const flagsOfRestoring = () => given(ofRestoring)

module.exports = { flags, flagsOfRestoring }
