// Installs kindctl and makes a cluster for the steps that follow.
'use strict'

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const { flags } = require('./flags')
const { releaseOf, kindctl, kubectl, suffix } = require('./install')
const registry = require('./registry')
const runner = require('./runner')

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

  const name = runner.input('cluster_name') || `gh-${randomBytes(4).toString('hex')}`
  const kubeconfig = path.resolve(runner.input('kubeconfig') || path.join(process.env.RUNNER_TEMP, 'kindctl', 'kubeconfig'))
  const artifacts = path.resolve(runner.input('artifacts') || path.join(process.env.RUNNER_TEMP, `kindctl-${name}`))
  fs.mkdirSync(path.dirname(kubeconfig), { recursive: true, mode: 0o700 })
  fs.mkdirSync(artifacts, { recursive: true })
  // From here on there may be something to clean.
  for (const [key, value] of Object.entries({ program, name, artifacts, kubeconfig })) runner.saveState(key, value)
  runner.setOutput('cluster_name', name)
  runner.setOutput('context', `kind-${name}`)
  runner.setOutput('kubeconfig', kubeconfig)
  runner.setOutput('artifacts', artifacts)
  runner.setOutput('LOCAL_REGISTRY', wanted?.address ?? '')
  // Later steps, kind's own commands among them, mean this cluster.
  runner.setVariable('KUBECONFIG', kubeconfig)
  runner.setVariable('KINDCTL_NAME', name)
  runner.setVariable('KIND_CLUSTER_NAME', name)
  const reports = ['junit=cluster.xml', 'json=cluster.json'].map((report) => report.replace('=', `=${artifacts}${path.sep}`))
  if (wanted) await registry.start(wanted, name)
  // What fails is kept until the diagnostics are collected, which post.js does.
  process.exitCode = await runner.run(program, ['up', '--retain', ...reports.flatMap((report) => ['--report', report]), ...flags()])
  if (wanted && process.exitCode === 0) registry.join(wanted, name)
})
