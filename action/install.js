// Programs from their releases, by checksum.
'use strict'

const { execFileSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

// Go's names for what this machine is.
const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform]
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch]
const suffix = process.platform === 'win32' ? '.exe' : ''

// curl knows proxies and certificates as every other program of the runner does.
function curl(...words) {
  try {
    return execFileSync('curl', ['-fsSL', '--retry', '3', '--proto-redir', '=https,http', ...words], { encoding: 'utf8' })
  } catch (error) {
    throw new Error(`download failed: ${(error.stderr || error.message).trim()} (${words.at(-1)})`)
  }
}

// releaseOf returns the tag of a version: as it is written, that of the action,
// or the latest one.
function releaseOf(version, url) {
  if (version === '' && /^v\d+\.\d+\.\d+/.test(process.env.GITHUB_ACTION_REF ?? '')) version = process.env.GITHUB_ACTION_REF
  if (version !== '' && version !== 'latest') {
    const [, number] = /^v?(\d+\.\d+\.\d+[\w.+-]*)$/.exec(version) ?? []
    if (!number) throw new Error(`there is no version "${version}"; write it as v1.2.3, or latest`)
    return `v${number}`
  }
  const page = curl('-I', '-o', process.platform === 'win32' ? 'NUL' : '/dev/null', '-w', '%{url_effective}', `${url}/latest`)
  const tag = page.split('/').at(-1)
  if (!/^v\d/.test(tag)) throw new Error(`${url}/latest leads to no release, but to ${page}; name a version`)
  return tag
}

// fetchVerified downloads a file and wants the SHA-256 sum that is published for it.
function fetchVerified(url, file, sum) {
  curl('-o', file, url)
  const got = createHash('sha256').update(fs.readFileSync(file)).digest('hex')
  if (got !== sum) {
    fs.rmSync(file)
    throw new Error(`${url} has the checksum ${got}, but ${sum || 'none'} is published; nothing was installed`)
  }
}

// folder is a directory for one version of a program; done tells that it is complete.
function folder(program, tag) {
  const dir = path.join(process.env.RUNNER_TOOL_CACHE || process.env.RUNNER_TEMP, program, tag, architecture)
  return { dir, done: fs.existsSync(`${dir}.complete`), finish: () => fs.writeFileSync(`${dir}.complete`, '') }
}

// kindctl installs a release and returns the program's directory.
function kindctl(tag, url) {
  const place = folder('kindctl', tag)
  if (place.done) return place.dir
  fs.rmSync(place.dir, { recursive: true, force: true })
  fs.mkdirSync(place.dir, { recursive: true })
  const archive = `kindctl_${tag.slice(1)}_${system}_${architecture}.${system === 'windows' ? 'zip' : 'tar.gz'}`
  const sums = curl(`${url}/download/${tag}/checksums.txt`)
  const line = sums.split(/\r?\n/).find((entry) => entry.split(/ [ *]/)[1] === archive) ?? ''
  const file = path.join(place.dir, archive)
  fetchVerified(`${url}/download/${tag}/${archive}`, file, line.split(' ')[0])
  execFileSync('tar', ['-xf', archive], { cwd: place.dir, stdio: 'inherit' }) // on Windows it reads zip as well
  fs.rmSync(file)
  place.finish()
  return place.dir
}

// kubectl installs Kubernetes' client and returns its directory.
function kubectl(tag, url = 'https://dl.k8s.io/release') {
  const place = folder('kubectl', tag)
  if (place.done) return place.dir
  fs.mkdirSync(place.dir, { recursive: true })
  const program = `kubectl${suffix}`
  const source = `${url}/${tag}/bin/${system}/${architecture}/${program}`
  fetchVerified(source, path.join(place.dir, program), curl(`${source}.sha256`).trim())
  fs.chmodSync(path.join(place.dir, program), 0o755)
  place.finish()
  return place.dir
}

module.exports = { releaseOf, kindctl, kubectl, suffix }
