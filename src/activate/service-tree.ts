// The tree of services of one environment: an s6-svscan in a session and a pid namespace of its own that outlives the receiver.
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runtimeDirOf } from '../lib/names.ts'
import { commandOf, descendants, end, type Process, processes, seesMount, startedAt } from '../lib/proc.ts'
import { start } from '../lib/spawn.ts'
import type { EnvironmentFacts } from '../records.ts'
import { asEnvironment, environmentDir, type LocalHost, makeDirectories, type Place } from './host.ts'

type Identity = Pick<Process, 'pid' | 'started'>

/** Where trees were found, by scan directory: they are looked for there first, as reading all of /proc takes its time. */
const found = new Map<string, Identity>()

const program = 's6-svscan'

/**
 * The s6-svscan of an environment, or null when none runs. Found by what no other environment can imitate.
 * @param all one look at the processes (`processes()`), for who asks about many environments
 */
export function findTree(host: LocalHost, facts: TreeFacts, all?: readonly Process[]): number | null {
  const scan = scanDirectory(facts)
  const before = found.get(scan)
  if (all === undefined && before !== undefined && startedAt(before.pid) === before.started)
    if (scanOf(commandOf(before.pid) ?? '') === scan) return before.pid
  const tree = (scansIn(all ?? processes()).get(scan) ?? []).find(
    // What a process has mounted is read once: it takes longer than all else here.
    (one) => host.sandbox === null || isSame(one, before) || seesMount(one.pid, facts.runtimeDir),
  )
  if (tree === undefined) found.delete(scan)
  else found.set(scan, { pid: tree.pid, started: tree.started })
  return tree?.pid ?? null
}

/** What of an environment's facts its tree is found by. */
export type TreeFacts = Pick<EnvironmentFacts, 'runtimeDir'>

function isSame(one: Identity, other: Identity | undefined): boolean {
  return one.pid === other?.pid && one.started === other.started
}

const scans = new WeakMap<readonly Process[], Map<string, Process[]>>()

function scansIn(all: readonly Process[]): Map<string, Process[]> {
  const known = scans.get(all)
  if (known !== undefined) return known
  const made = Map.groupBy(
    all.filter(({ name }) => name === program),
    ({ command }) => scanOf(command) ?? '',
  )
  scans.set(all, made)
  return made
}

// The scan directory is the last word (s6-svscan(8)); null for another program.
function scanOf(command: string): string | null {
  const [first = '', ...rest] = command.split('\0').filter((word) => word !== '')
  return first.endsWith(program) ? (rest.at(-1) ?? null) : null
}

/** The user names of environments below `runtimeRoot` for which some process says that it is their tree; findTree says whether it is true. */
export function treeUsers(runtimeRoot: string, all: readonly Process[]): string[] {
  const names = [...scansIn(all).keys()].map((scan) => basename(dirname(dirname(scan))))
  return names.filter((name) => scansIn(all).has(join(runtimeDirOf(runtimeRoot, name), 's6/scan')))
}

/** Every process of an environment's tree; `all` as in findTree. */
export function treeProcesses(host: LocalHost, facts: TreeFacts, all: readonly Process[] = processes()): number[] {
  const tree = findTree(host, facts, all)
  return tree === null ? [] : descendants(tree, all)
}

/** Starts the tree, empty, when it does not run, and waits until it takes commands. */
export async function ensureTree(host: LocalHost, place: Place): Promise<void> {
  if (findTree(host, place.facts) !== null) return
  await endRecorded(host, place.facts)
  makeDirectories(place.facts)
  const scan = scanDirectory(place.facts)
  const logs = join(environmentDir(host, place.facts.userName), 'log')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const log = openSync(join(logs, 'svscan.log'), 'a', 0o600)
  const begin = ['/bin/sh', '-c', anew, program, dirname(scan), scan] as const
  const command = asEnvironment(host, place, begin, { dieWithParent: false })
  const child = start(command, ['ignore', log, log, 'pipe'], { detached: true })
  closeSync(log)
  child.unref()
  const ready = child.stdio[3]
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`the service manager of ${place.facts.userName} ended at once (${code})`)),
    )
    ready?.once('data', () => resolve())
  })
  ready?.destroy()
  markTree(host, place.facts, null)
}

// What an earlier tree supervised is not started again behind the back of `activate`, which says what runs. It is removed in the sandbox:
// whatever of the environment still runs can put a link in the way at any moment, and the receiver would follow it.
const anew = 'rm -rf -- "$1" && mkdir -p -m 700 -- "$1" "$2" && exec "$0" -d 3 "$2"'

function scanDirectory({ runtimeDir }: TreeFacts): string {
  return join(runtimeDir, 's6/scan')
}

/** Remembers which tree runs now, and that it was brought to `out` (null: to nothing yet): what a start finds otherwise is activated again. */
export function markTree(host: LocalHost, facts: EnvironmentFacts, out: string | null): void {
  const file = markOf(host, facts)
  writeFileSync(`${file}.new`, JSON.stringify(identity(host, facts, out)), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

// A service can have s6-svscan become another program, under another name and with other mounts. It is still the process that was
// started, and the first of its pid namespace: all of that ends with it.
async function endRecorded(host: LocalHost, facts: EnvironmentFacts): Promise<void> {
  const known = recorded(host, facts)
  const last = Date.now() + host.limits.stopTime
  while (known !== null && startedAt(known.pid) === known.started) {
    if (Date.now() > last) throw new Error(`processes of ${facts.userName} do not end: ${known.pid}`)
    end(known.pid)
    await sleep(20)
  }
}

function recorded(host: LocalHost, facts: EnvironmentFacts): Identity | null {
  try {
    const { pid, started } = JSON.parse(readFileSync(markOf(host, facts), 'utf8')) as Partial<Identity>
    return typeof pid === 'number' && pid > 1 && started !== undefined ? { pid, started } : null
  } catch {
    return null
  }
}

/** Whether a tree runs and was brought to `out`. */
export function isMarked(host: LocalHost, facts: EnvironmentFacts, out: string): boolean {
  const now = identity(host, facts, out)
  try {
    return now.started !== null && readFileSync(markOf(host, facts), 'utf8') === JSON.stringify(now)
  } catch {
    return false
  }
}

function markOf(host: LocalHost, facts: EnvironmentFacts): string {
  return join(environmentDir(host, facts.userName), 'tree.json')
}

function identity(host: LocalHost, facts: EnvironmentFacts, out: string | null) {
  const pid = findTree(host, facts)
  return { pid, started: pid === null ? null : startedAt(pid), out }
}

const ended = new Map<string, string>()

/** Ends a tree that is over a limit: its pid namespace goes with it, all at once. `why` is a clause. */
export function endTree(facts: Pick<EnvironmentFacts, 'userName'>, tree: number, why: string): void {
  ended.set(facts.userName, why)
  end(tree)
}

/** Why the tree of an environment was ended since this was asked last; null when it was not. */
export function whyEnded(facts: EnvironmentFacts): string | null {
  const why = ended.get(facts.userName) ?? null
  ended.delete(facts.userName)
  return why
}

/** Stops every service of an environment, and whatever else runs in it: asks, waits, kills. Idempotent. */
export async function stopTree(host: LocalHost, facts: EnvironmentFacts): Promise<void> {
  const tree = findTree(host, facts)
  // Asked also where there is no tree any more: commands of people run beside it.
  const members = membersOf(host, facts)
  if (tree !== null) end(tree, 'SIGTERM')
  const until = Date.now() + host.limits.stopTime
  while (Date.now() < until && findTree(host, facts) !== null) await sleep(20)
  await endRecorded(host, facts)
  // Whoever is still there, whatever it calls itself. Without a sandbox each is known by its number only.
  const last = Date.now() + host.limits.stopTime
  for (;;) {
    const left = host.sandbox === null && findTree(host, facts) !== null ? members : membersOf(host, facts)
    if (left.length === 0) return
    if (Date.now() > last) throw new Error(`processes of ${facts.userName} do not end: ${left.join(', ')}`)
    for (const pid of left) end(pid)
    await sleep(20)
  }
}

function membersOf(host: LocalHost, facts: EnvironmentFacts): number[] {
  const all = processes()
  if (host.sandbox !== null) return all.map(({ pid }) => pid).filter((pid) => seesMount(pid, facts.runtimeDir))
  const tree = findTree(host, facts, all)
  return tree === null ? [] : descendants(tree, all)
}
