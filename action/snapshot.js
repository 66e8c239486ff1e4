// A file that the workflow caches, and that the cluster is restored from in later jobs.
'use strict'

const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

const { flags } = require('./flags')
const runner = require('./runner')

// refused is the exit code with which "kindctl up --from" has made nothing.
const refused = 2

// wanted returns what the input asks for, or nothing. The name of the snapshot stands for all
// that the cluster is made of, as far as the action knows it.
function wanted(tag) {
  const file = runner.input('snapshot')
  if (file === '') return undefined
  const config = runner.input('config')
  const made = [tag, flags(), fs.existsSync(config) ? fs.readFileSync(config, 'utf8') : '']
  const name = `ci-${createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 12)}`
  return { file: path.resolve(file), name, cluster: runner.input('cluster_name') }
}

// clusterIn returns the name of the cluster that the file can bring back, or nothing.
function clusterIn({ file, name, cluster }) {
  if (!fs.existsSync(file)) return undefined
  let manifest = {}
  try {
    manifest = JSON.parse(execFileSync('tar', ['-xOf', path.basename(file), 'manifest.json'], { cwd: path.dirname(file), encoding: 'utf8', maxBuffer: 64 << 20, stdio: 'pipe' }))
  } catch {
    runner.annotate('warning', `${file} is not a snapshot; a new cluster is created, and the file is replaced`)
    return undefined
  }
  if (manifest.name === name && (cluster === '' || cluster === manifest.cluster)) return manifest.cluster
  runner.annotate('notice', `the snapshot in ${file} was made with other inputs; a new cluster is created, and the file is replaced`)
  return undefined
}

// restore brings the cluster back, and returns an exit code; with nothing, it was refused before
// anything was made.
async function restore(program, { file }, words) {
  const code = await runner.run(program, ['up', '--from', file, ...words])
  if (code !== refused) return code
  runner.annotate('warning', `the cluster cannot be restored from ${file}; a new one is created, and the file is replaced`)
  return undefined
}

// save writes the new cluster to the file. A job whose snapshot fails keeps its cluster.
async function save(program, { file, name }, cluster) {
  const snapshot = (...words) => runner.run(program, ['snapshot', ...words, '-n', cluster])
  fs.rmSync(file, { force: true })
  fs.mkdirSync(path.dirname(file), { recursive: true })
  let saved = (await snapshot('save', name, '--replace')) === 0
  if (saved) {
    saved = (await snapshot('export', name, file)) === 0
    await snapshot('rm', name)
  }
  if (!saved) runner.annotate('warning', `no snapshot was written to ${file}, so the next job creates its cluster, too`)
}

module.exports = { wanted, clusterIn, restore, save }
