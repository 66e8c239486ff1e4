// A registry beside the cluster: the job's steps push to it, nodes pull from it.
'use strict'

const { execFileSync } = require('node:child_process')

const { input, isOn, run } = require('./runner')

const label = 'dev.kindctl.registry' // by which kindctl removes the container with the cluster that is its value

function docker(words, stdin = '') {
  try {
    return execFileSync('docker', words, { encoding: 'utf8', input: stdin, stdio: 'pipe' }).trim()
  } catch (error) {
    throw new Error(`the registry: ${(error.stderr || error.message).trim()}`)
  }
}

const lines = (words) => docker(words).split('\n').filter((line) => line !== '')

// wanted returns what the inputs ask for, or nothing.
function wanted() {
  const deletes = isOn('registry_enable_delete')
  if (!isOn('registry')) return undefined
  const [name, port] = [input('registry_name'), input('registry_port')]
  if (!/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/.test(name)) throw new Error(`the input registry_name is "${name}"; set it to a host name, such as kind-registry`)
  if (!/^\d+$/.test(port) || port < 1 || port > 65535) throw new Error(`the input registry_port is "${port}"; set it to a number from 1 to 65535`)
  return { name, port, image: input('registry_image'), deletes, address: `localhost:${port}` }
}

// start runs the registry before the cluster is made, so that a port that is
// taken or an image that is not there costs no time. Only this machine reaches it.
async function start({ name, port, image, deletes }, cluster) {
  const words = ['run', '--detach', '--name', name, '--label', `${label}=${cluster}`, '--publish', `127.0.0.1:${port}:${port}`,
    '--env', `REGISTRY_HTTP_ADDR=:${port}`, '--env', `REGISTRY_STORAGE_DELETE_ENABLED=${deletes}`, image]
  if ((await run('docker', words)) !== 0) throw new Error(`the registry ${name} does not start; Docker's message above says why`)
  // Nodes ask their proxy for whatever this does not name.
  process.env.NO_PROXY = [process.env.NO_PROXY || process.env.no_proxy, name].filter(Boolean).join(',')
}

// join lets nodes find the registry, at its name and where steps push to. Their
// containerd reads /etc/containerd/certs.d at each pull (kind v0.27 and newer).
function join({ name, port, address }, cluster) {
  const containers = lines(['ps', '--filter', `label=io.x-k8s.kind.cluster=${cluster}`, '--format', '{{.Names}} {{.Label "io.x-k8s.kind.role"}}'])
  const nodes = containers.map((line) => line.split(' ')).filter(([, role]) => role === 'control-plane' || role === 'worker')
  const first = nodes.find(([, role]) => role === 'control-plane')
  if (!first) throw new Error(`the registry: Docker knows no control plane of cluster ${cluster}`)
  for (const network of lines(['inspect', '--format', '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}', first[0]])) {
    docker(['network', 'connect', network, name])
  }
  for (const [node] of nodes) {
    for (const host of [`${name}:${port}`, address]) {
      docker(['exec', '-i', node, 'sh', '-c', 'mkdir -p "$1" && cat >"$1/hosts.toml"', 'sh', `/etc/containerd/certs.d/${host}`], `[host."http://${name}:${port}"]\n`)
    }
  }
  docker(['exec', '-i', first[0], 'kubectl', '--kubeconfig', '/etc/kubernetes/admin.conf', 'apply', '-f', '-'], JSON.stringify(hosting(name, port, address)))
}

// hosting says to programs such as Tilt where images go (Kubernetes' KEP 1755).
function hosting(name, port, address) {
  const inside = `${name}:${port}`
  const where = { host: address, hostFromContainerRuntime: inside, hostFromClusterNetwork: inside, help: 'https://github.com/kindctl/kindctl/blob/main/docs/ci.md' }
  return {
    apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'local-registry-hosting', namespace: 'kube-public' },
    data: { 'localRegistryHosting.v1': Object.entries(where).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join('') },
  }
}

module.exports = { wanted, start, join }
