// When the job ends, however it ends: keeps what the cluster says of itself, and
// removes it.
'use strict'

const path = require('node:path')

const runner = require('./runner')

runner.main(async () => {
  const [program, name, artifacts, kubeconfig] = ['program', 'name', 'artifacts', 'kubeconfig'].map(runner.state)
  if (name === '') return // there never was a cluster
  process.env.KUBECONFIG = kubeconfig // whatever later steps have made of it
  // A failure of the one must not keep the other from being done.
  if ((await runner.run(program, ['export', 'logs', '-n', name, path.join(artifacts, 'diagnostics')])) !== 0) {
    runner.annotate('warning', `there are no diagnostics of cluster ${name}, or not all`)
  }
  if (runner.isOn('verify')) {
    const code = await runner.run(program, ['verify', '-n', name, '--report', `json=${path.join(artifacts, 'verify.json')}`])
    if (code !== 0) process.exitCode = code
  }
  if ((await runner.run(program, ['down', '-n', name])) === 0) return
  const left = `something of cluster ${name} may be left: kindctl down -n ${name}`
  if (!runner.isOn('ignore_failed_clean')) throw new Error(left)
  runner.annotate('warning', left)
})
