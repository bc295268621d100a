// What a run may not leave behind on the machine: processes, mounts, users, files outside its own directory.
// Taken before (`look`) and compared after (`leftovers`) by the test runner and by the quickstart's test.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** The machine at one moment, as far as a run could change it. */
export interface Look {
  readonly mounts: ReadonlySet<string>
  readonly users: ReadonlySet<string>
  readonly files: ReadonlySet<string>
}

export interface LeftProcess {
  readonly pid: number
  readonly command: string
}

/** Directories of the machine whose entries are compared by name; those that do not exist count as empty. */
function watched(): string[] {
  const home = homedir()
  return [
    '/tmp',
    '/run/hostenv',
    `/run/user/${process.getuid?.()}/hostenv`,
    '/var/lib/hostenv',
    '/nix/store',
    '/nix/var/nix/profiles/per-user',
    '/nix/var/nix/gcroots/auto',
    home,
    `${home}/.ssh`,
    `${home}/.config`,
    `${home}/.local/state`,
    `${home}/.local/share`,
    `${home}/.cache/hostenv`,
  ]
}

/** What this machine has now. */
export function look(): Look {
  return { mounts: lines('/proc/self/mountinfo', mountPoint), users: lines('/etc/passwd', first), files: files() }
}

/**
 * What is there now that `before` lacks, a sentence each, and what is left of the run's own directory `run`. Waits up to
 * three seconds for processes that are on their way out. A file counts when it bears a name that ours have: the machine has
 * other programs. Where other runs may go on at the same time (no `CI` in the environment), a test's scratch folder does not.
 */
export async function leftovers(before: Look, run: string, keep: readonly string[] = []): Promise<string[]> {
  for (let tries = 0; processesOf(run).length > 0 && tries < 30; tries++) await sleep(100)
  const now = look()
  const ours = (path: string) => always.test(path) || (process.env.CI !== undefined && alone.test(path))
  return [
    ...processesOf(run).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...missingIn(before.mounts, now.mounts).map((point) => `mount ${point}`),
    ...missingIn(before.users, now.users).map((name) => `user ${name}`),
    ...missingIn(before.files, now.files)
      .filter((path) => path !== run && ours(path))
      .map((path) => `file ${path}`),
    ...entries(run)
      .filter((path) => !keep.includes(path))
      .map((path) => `file ${path}`),
  ]
}

const always = /hostenv|hello-web|^\/nix\//
/** Scratch folders of tests (`r-Ab12Cd`), of the runner and the quickstart (`ht-`, `hq-`), and of Nix. */
const alone = /^\/tmp\/([a-z]{1,2}-[A-Za-z0-9]{6}$|nix-)/

/** The processes that belong to a run: its directory is in their environment, command line or working directory. */
export function processesOf(run: string): LeftProcess[] {
  const found: LeftProcess[] = []
  const own = ancestors()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || own.has(pid)) continue
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
    const traces = [command, read(`/proc/${pid}/environ`), link(`/proc/${pid}/cwd`)]
    if (command && traces.some((trace) => trace.includes(run))) found.push({ pid, command: command.slice(0, 200) })
  }
  return found
}

function ancestors(): Set<number> {
  const pids = new Set<number>()
  for (let pid = process.pid; pid > 0; ) {
    pids.add(pid)
    // proc(5): the fields after the command's closing parenthesis are state and parent.
    pid = Number(
      read(`/proc/${pid}/stat`)
        .replace(/^.*\) \S /s, '')
        .split(' ')[0],
    )
  }
  return pids
}

function files(): Set<string> {
  return new Set(watched().flatMap(entries))
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => `${directory}/${name}`)
  } catch {
    return []
  }
}

function lines(path: string, pick: (line: string) => string): Set<string> {
  return new Set(read(path).split('\n').filter(Boolean).map(pick))
}

const first = (line: string) => line.split(':')[0] ?? ''
const mountPoint = (line: string) => line.split(' ')[4] ?? ''

function missingIn(before: ReadonlySet<string>, now: ReadonlySet<string>): string[] {
  return [...now].filter((entry) => !before.has(entry))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
