// `npm test [-- FILE…]`: linter, types, shell scripts and all tests, in a directory of its own that must be empty afterwards.
// The last line is `N passed, N failed`.
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, start } from '../src/lib/spawn.ts'
import { leftovers, look, processesOf } from '../test/helpers/leftovers.ts'
import { closingLine, tapReport } from './tap-report.ts'

const print = (text: string) => void process.stdout.write(`${text}\n`)
const named = process.argv.slice(2)
const before = look()

// Short, because socket paths are limited to 107 bytes; a home of its own, so that no test sees or changes the real one.
const directory = mkdtempSync(join(tmpdir(), 'ht-'))
// Another user must be able to pass through: one test runs a receiver as a plain user.
chmodSync(directory, 0o711)
const home = join(directory, 'home')
mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(XDG_|GIT_|SSH_|TAP_|NODE_OPTIONS$|npm_)/.test(name)),
) as Record<string, string>
Object.assign(env, { TMPDIR: directory, HOME: home, XDG_RUNTIME_DIR: join(home, 'run') })

/** Checks that need no product: each prints its output only when it fails. */
async function checks(): Promise<string[]> {
  const listed = await run({ argv: ['git', 'ls-files', '-co', '--exclude-standard'], env })
  const shell = listed.stdout.split('\n').filter(isShell)
  const all: [string, [string, ...string[]]][] = [
    ['biome', ['biome', 'check', '--colors=off', '.']],
    ['tsc', ['tsc', '--noEmit', '--pretty', 'false']],
    ['shellcheck', ['shellcheck', ...shell]],
  ]
  const results = await Promise.all(
    all.map(async ([name, argv]) => {
      const ran = await run({ argv, env }).catch(() => null)
      if (ran === null) return print(`skip  ${name} (not installed)`)
      print(`${ran.code === 0 ? 'ok  ' : 'FAIL'}  ${name}  (${(ran.duration / 1000).toFixed(1)} s)`)
      if (ran.code === 0) return
      print(`${ran.stdout}\n${ran.stderr}`.trim())
      return name
    }),
  )
  return results.filter((name) => name !== undefined)
}

function isShell(path: string): boolean {
  try {
    return /^#!\s*\/bin\/(ba)?sh/.test(readFileSync(path, 'utf8').slice(0, 20))
  } catch {
    return false
  }
}

async function tests(files: readonly string[]) {
  const { parser, counts } = tapReport(print)
  // Most of a test is waiting: one file more than there are processors. Each may need a GiB, and many would need many.
  const jobs = `--jobs=${Math.min(availableParallelism() + 1, 4)}`
  const child = start({ argv: ['tap', '--reporter=tap', jobs, ...files], env }, ['ignore', 'pipe', 2])
  child.stdout?.pipe(parser)
  const code = await new Promise((resolve) => child.once('close', (status) => resolve(status)))
  if (counts.passed + counts.failed === 0) counts.failures.push('no test ran')
  else if (code !== 0 && counts.failed === 0) counts.failures.push(`tap exited ${code}`)
  counts.failed = Math.max(counts.failed, counts.failures.length)
  return counts
}

const wrong = named.length > 0 ? [] : await checks()
const files = named.length > 0 ? named : globSync('test/**/*.test.ts').sort()
const counts = await tests(files)
const left = await leftovers(before, directory, [home])
for (const { pid } of processesOf(directory)) process.kill(pid, 'SIGKILL')
await run({ argv: ['chmod', '-R', 'u+rwX', directory], env })
rmSync(directory, { recursive: true, force: true })

const failures = [...wrong, ...counts.failures, ...left.map((what) => `left behind: ${what}`)]
if (failures.length > 0) print(`\nFailed:\n${failures.map((name) => `  ${name}`).join('\n')}`)
print(`\n${closingLine({ ...counts, failed: failures.length })}`)
process.exitCode = failures.length > 0 ? 1 : 0
