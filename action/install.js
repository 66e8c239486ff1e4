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
// or the latest one. v1 and v1.2 are the newest release that begins so.
function releaseOf(version, url) {
  const own = process.env.GITHUB_ACTION_REF ?? ''
  if (version === '' && /^v\d+(\.\d+){0,2}$|^v\d+\.\d+\.\d+-/.test(own)) version = own
  const [, number] = /^v?(\d+(?:\.\d+)?|\d+\.\d+\.\d+[\w.+-]*)$/.exec(version) ?? []
  if (!number && version !== '' && version !== 'latest') throw new Error(`there is no version "${version}"; write it as v1.2.3, v1.2, v1 or latest`)
  if (number?.split('.').length > 2) return `v${number}`
  const page = curl('-I', '-o', process.platform === 'win32' ? 'NUL' : '/dev/null', '-w', '%{url_effective}', `${url}/latest`)
  const tag = page.split('/').at(-1)
  if (!/^v\d/.test(tag)) throw new Error(`${url}/latest leads to no release, but to ${page}; name a version`)
  return !number || tag.startsWith(`v${number}.`) ? tag : newest(`v${number}.`, url)
}

// newest is the newest release whose tag begins so. Tags are read as git does,
// without its program; one that has no release yet does not count.
function newest(start, url) {
  const refs = curl(`${url.replace(/\/releases$/, '')}/info/refs?service=git-upload-pack`)
  const tags = [...refs.matchAll(/refs\/tags\/(v\d+\.\d+\.\d+)(?=[\n\0])/g)].map(([, tag]) => tag).filter((tag) => tag.startsWith(start))
  const byNumber = new Intl.Collator('en', { numeric: true })
  const found = tags.sort((a, b) => byNumber.compare(b, a)).find((tag) => {
    try {
      return curl(sumsOf(url, tag)) !== ''
    } catch {
      return false
    }
  })
  if (!found) throw new Error(`there is no release ${start}x at ${url}; name a version`)
  return found
}

const sumsOf = (url, tag) => `${url}/download/${tag}/checksums.txt`

// fetchVerified downloads a file and wants the SHA-256 sum that is published for it.
function fetchVerified(url, file, sum) {
  curl('-o', file, url)
  const got = createHash('sha256').update(fs.readFileSync(file)).digest('hex')
  if (got !== sum) {
    fs.rmSync(file)
    throw new Error(`${url} has the checksum ${got}, but ${sum || 'none'} is published; nothing was installed`)
  }
}

// folder is a directory for one version of a program; done says that it is complete.
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
  const sums = curl(sumsOf(url, tag))
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
