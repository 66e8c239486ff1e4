// Installs kindctl and makes a cluster for the steps that follow.
'use strict'

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const { flags, flagsOfRestoring } = require('./flags')
const { releaseOf, kindctl, kubectl, suffix } = require('./install')
const registry = require('./registry')
const runner = require('./runner')
const snapshot = require('./snapshot')

// announce has later steps, with kind's own commands among them, mean a cluster, and the last one
// remove it.
function announce(name) {
  runner.saveState('name', name)
  runner.setOutput('cluster_name', name)
  runner.setOutput('context', `kind-${name}`)
  runner.setVariable('KINDCTL_NAME', name)
  runner.setVariable('KIND_CLUSTER_NAME', name)
}

runner.main(async () => {
  const installOnly = runner.isOn('install_only')
  for (const name of ['verify', 'ignore_failed_clean']) runner.isOn(name) // a mistake is found now
  const wanted = registry.wanted()
  if (!/^\d*$/.test(runner.input('verbosity'))) throw new Error(`the input verbosity is "${runner.input('verbosity')}"; set it to a number`)
  const url = runner.input('download_url').replace(/\/+$/, '')
  const tag = releaseOf(runner.input('version'), url)
  const program = path.join(kindctl(tag, url), `kindctl${suffix}`)
  runner.addPath(path.dirname(program))
  runner.setOutput('version', tag)
  if (runner.input('kubectl_version') !== '') runner.addPath(kubectl(runner.input('kubectl_version')))
  if (installOnly) return

  const saved = snapshot.wanted(tag)
  const restored = saved && snapshot.clusterIn(saved)
  const newName = () => runner.input('cluster_name') || `gh-${randomBytes(4).toString('hex')}`
  let name = restored ?? newName()
  const kubeconfig = path.resolve(runner.input('kubeconfig') || path.join(process.env.RUNNER_TEMP, 'kindctl', 'kubeconfig'))
  const artifacts = path.resolve(runner.input('artifacts') || path.join(process.env.RUNNER_TEMP, `kindctl-${name}`))
  fs.mkdirSync(path.dirname(kubeconfig), { recursive: true, mode: 0o700 })
  fs.mkdirSync(artifacts, { recursive: true })
  // From here on there may be something to clean.
  for (const [key, value] of Object.entries({ program, artifacts, kubeconfig })) runner.saveState(key, value)
  announce(name)
  runner.setOutput('kubeconfig', kubeconfig)
  runner.setOutput('artifacts', artifacts)
  runner.setOutput('LOCAL_REGISTRY', wanted?.address ?? '')
  runner.setVariable('KUBECONFIG', kubeconfig)
  const reports = ['junit=cluster.xml', 'json=cluster.json'].map((report) => report.replace('=', `=${artifacts}${path.sep}`))
  // What fails is kept until the diagnostics are collected, which post.js does.
  const words = ['--retain', ...reports.flatMap((report) => ['--report', report])]
  if (wanted) await registry.start(wanted, name)
  let code = restored && (await snapshot.restore(program, saved, [...words, ...flagsOfRestoring()]))
  if (code === undefined) {
    if (restored && !wanted) announce((name = newName())) // another job may have that cluster; a registry is of one
    code = await runner.run(program, ['up', ...words, ...flags()])
    if (saved && code === 0) await snapshot.save(program, saved, name)
  }
  process.exitCode = code
  if (wanted && process.exitCode === 0) registry.join(wanted, name)
})
