// What GitHub's runner gives to an action and takes from it.
'use strict'

const { spawn } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')

const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim()

// isOn reads an input that is true or false.
function isOn(name) {
  const value = input(name).toLowerCase()
  if (['', 'false'].includes(value)) return false
  if (value === 'true') return true
  throw new Error(`the input ${name} is "${value}"; set it to true or false`)
}

// append adds NAME=VALUE to one of the runner's files.
function append(file, name, value) {
  const end = `end-${randomUUID()}`
  fs.appendFileSync(process.env[file], `${name}<<${end}${os.EOL}${value}${os.EOL}${end}${os.EOL}`)
}

const setOutput = (name, value) => append('GITHUB_OUTPUT', name, value)
const saveState = (name, value) => append('GITHUB_STATE', name, value)
const state = (name) => process.env[`STATE_${name}`] ?? ''

// setVariable sets an environment variable for this step and for later ones.
function setVariable(name, value) {
  process.env[name] = value
  append('GITHUB_ENV', name, value)
}

function addPath(dir) {
  process.env.PATH = dir + (process.platform === 'win32' ? ';' : ':') + process.env.PATH
  fs.appendFileSync(process.env.GITHUB_PATH, dir + os.EOL)
}

// annotate shows a message where GitHub shows problems.
function annotate(level, message) {
  const escaped = message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  process.stdout.write(`::${level} title=kindctl::${escaped}${os.EOL}`)
}

// run runs a program and returns its exit code. Signals of the runner, when a
// job is cancelled, are passed on.
function run(program, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'inherit' })
    const pass = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass)
    child.on('error', reject)
    child.on('close', (code) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, pass)
      resolve(code ?? 1)
    })
  })
}

// main runs an action's part; an error of it is shown and fails the step.
function main(part) {
  part().catch((error) => {
    annotate('error', error.message)
    process.exitCode = 1
  })
}

module.exports = { input, isOn, setOutput, saveState, state, setVariable, addPath, annotate, run, main }
