// Inputs of the action as flags of "kindctl up".
'use strict'

const { input } = require('./runner')

const flagOf = {
  config: '--config', profile: '--profile', control_planes: '--control-planes', workers: '--workers',
  cni: '--cni', proxy_mode: '--proxy-mode', node_image: '--image', images: '--images', image_registry: '--image-registry',
  network: '--network', wait: '--wait-timeout', ttl: '--ttl',
}

function flags() {
  const given = Object.entries(flagOf).filter(([name]) => input(name) !== '').flatMap(([name, flag]) => [flag, input(name)])
  return given.concat(input('flags').split(/\s+/).filter((word) => word !== ''))
}

module.exports = { flags }
