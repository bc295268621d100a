// Whether everything that says what is live says the same: record, profile, refs, services, front door. And what a crash left.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { leftInStore } from '../../src/lib/clear-store.ts'
import { descendants, processes } from '../../src/lib/proc.ts'
import { run } from '../../src/lib/spawn.ts'
import { get } from './http.ts'
import { processesOf } from './leftovers.ts'
import { cleanEnv } from './programs.ts'
import type { Receiver } from './receiver.ts'

type Row = Record<string, string | number | null>

/** What should be so; what is left out is not looked at. */
export interface Expected {
  /** The commit that is live, or null for none. */
  readonly live: string | null
  /** The value of the branch of the environment's own name; null: there is none. */
  readonly branch?: string | null
}

/** Rows of the record, read beside the receiver that writes it. */
export function record(receiver: Receiver, sql: string, ...values: (string | number)[]): Row[] {
  using db = new DatabaseSync(join(receiver.stateDir, 'hostenv.db'), { readOnly: true })
  return db.prepare(sql).all(...values) as Row[]
}

/** The value of a ref in a project's repository, or null. */
export async function refOf(receiver: Receiver, project: string, ref: string): Promise<string | null> {
  const cwd = join(receiver.stateDir, 'repos', `${project}.git`)
  if (!existsSync(cwd)) return null
  const argv = ['git', 'rev-parse', '--verify', '--quiet', ref] as const
  const ran = await run({ argv: [...argv], env: cleanEnv(receiver.home), cwd })
  return ran.code === 0 ? ran.stdout : null
}

/** The s6-svscan of an environment by its user name, and all processes below it. */
export function tree(receiver: Receiver, userName: string): number[] {
  const all = processes()
  const scan = join(receiver.runtimeDir, 'user', userName, 's6/scan')
  const top = all.find(({ command }) => /^s6-svscan\0/.test(command) && command.includes(scan))
  return top ? descendants(top.pid, all).sort((a, b) => a - b) : []
}

export function userName(receiver: Receiver, project: string, key: string): string | null {
  const [row] = record(receiver, 'SELECT user_name FROM environment WHERE project = ? AND key = ?', project, key)
  return row ? String(row.user_name) : null
}

/** Compares all that must agree about one environment (DESIGN §6). Answers a sentence for each that does not. */
export async function agree(receiver: Receiver, project: string, key: string, expected: Expected): Promise<string[]> {
  const wrong: string[] = []
  const same = (what: string, is: unknown, should: unknown) => {
    if (is !== should) wrong.push(`${project} ${key}: ${what} is ${is}, should be ${should}`)
  }
  const [row] = record(receiver, 'SELECT * FROM environment WHERE project = ? AND key = ?', project, key)
  const releases = record(receiver, 'SELECT * FROM release WHERE project = ? AND key = ?', project, key)
  const live = releases.find(({ n }) => row?.live != null && n === row.live)
  same('the live commit of the record', live?.commit_oid ?? null, expected.live)
  same('broken', row?.broken ?? null, null)
  same('refs/hostenv/live', await refOf(receiver, project, `refs/hostenv/live/${key}`), expected.live)
  if (expected.branch !== undefined)
    same('the branch', await refOf(receiver, project, `refs/heads/${key}`), expected.branch)
  for (const { n, commit_oid: commit, collected } of releases) {
    const ref = await refOf(receiver, project, `refs/hostenv/releases/${key}/${n}`)
    same(`release ${n}'s ref`, ref, collected === null ? commit : null)
  }
  const later = await refOf(receiver, project, `refs/hostenv/releases/${key}/${releases.length + 1}`)
  same('a ref of a release that is not', later, null)
  if (!row) return wrong
  const user = String(row.user_name)
  const profile = join(receiver.stateDir, 'env', user, 'profile/profile')
  const answer = await answerOf(receiver, `${user}.localhost`, live ? `release ${live.n}` : null)
  if (!live) {
    same('the number of service processes', tree(receiver, user).length, 0)
    // A paused one has a page of its own.
    same('the front door', answer?.status, row.wakes === null ? 404 : 503)
    if (releases.length === 0) same('the profile', existsSync(profile), false)
    return wrong
  }
  same('the profile', link(profile), `profile-${live.generation}-link`)
  same('the generation', link(`${profile}-${live.generation}-link`), live.store_path)
  same('the front door', answer?.status, 200)
  same('what it serves', /release \d+/.exec(answer?.body ?? '')?.[0], `release ${live.n}`)
  const wanted = join(receiver.stateDir, 'nix', String(live.store_path), 'share/hostenv/processes.list')
  for (const line of existsSync(wanted) ? readFileSync(wanted, 'utf8').trim().split('\n').filter(Boolean) : []) {
    const [, name = '', , , , , , definition] = line.split(' ')
    const installed = join(receiver.runtimeDir, 'user', user, 's6/service', name, 'installed')
    same(`the definition of ${name}`, existsSync(installed) ? readFileSync(installed, 'utf8').trim() : null, definition)
  }
  if (tree(receiver, user).length < 2) wrong.push(`${project} ${key}: no services run`)
  return wrong
}

/**
 * What deploys and crashes may not leave behind: locks, quarantines, scratch, roots, generations without a release, what a killed Nix
 * leaves in the store, open rows, processes of an earlier daemon.
 */
export function leftByCrash(receiver: Receiver): string[] {
  const left = record(receiver, "SELECT id, stage FROM deploy WHERE stage NOT IN ('done', 'failed')").map(
    ({ id, stage }) => `d${id} is ${stage}`,
  )
  for (const folder of ['repos', 'incoming'])
    for (const name of readdirSync(join(receiver.stateDir, folder), { recursive: true, encoding: 'utf8' }))
      if (
        /(\.lock|\/packed-refs\.new|objects\/(tmp_objdir-|incoming-)[^/]*)$/.test(name) &&
        !name.endsWith('.git/hostenv.lock')
      )
        left.push(`${folder}/${name}`)
  for (const folder of ['incoming', 'tmp', 'roots'])
    for (const name of list(join(receiver.stateDir, folder)))
      if (folder !== 'roots' || /^d\d+$/.test(name)) left.push(`${folder}/${name}`)
  left.push(...unreleased(receiver))
  const store = { privateStore: join(receiver.stateDir, 'nix'), storeDir: join(receiver.stateDir, 'nix/nix/store') }
  left.push(...Object.values(leftInStore(store)).flat())
  return [...left, ...lastingStrays(receiver).map(({ pid, command }) => `process ${pid}: ${command}`)]
}

// Generations keep builds from the garbage collector: those of failed deploys have nobody who wants them.
function unreleased(receiver: Receiver): string[] {
  return list(join(receiver.stateDir, 'env')).flatMap((user) => {
    const folder = join(receiver.stateDir, 'env', user, 'profile')
    const sql = `SELECT generation FROM release JOIN environment USING (project, key)
      WHERE user_name = ? AND collected IS NULL`
    const released = new Set(record(receiver, sql, user).map(({ generation }) => `profile-${generation}-link`))
    const others = list(folder).filter((name) => /^profile-\d+-link$/.test(name) && !released.has(name))
    return others.filter((name) => name !== link(join(folder, 'profile'))).map((name) => `env/${user}/profile/${name}`)
  })
}

/** Processes of the receiver's directory that neither the daemon that runs nor a tree of services accounts for. */
export function strays(receiver: Receiver): { pid: number; command: string }[] {
  // Before all processes are listed, so that each of these is either in that list or gone.
  const own = processesOf(receiver.directory)
  const all = processes()
  const services = join(receiver.runtimeDir, 'user')
  const tops = all.filter(({ command }) => command.includes('s6-svscan\0') && command.includes(services))
  const known = new Set([receiver.pid, ...tops.map(({ pid }) => pid)].flatMap((pid) => descendants(pid, all)))
  const still = new Set(all.map(({ pid }) => pid))
  return own.filter(({ pid }) => still.has(pid) && !known.has(pid))
}

// What has been killed may need a moment to go: only what stays is left behind.
function lastingStrays(receiver: Receiver): ReturnType<typeof strays> {
  const deadline = Date.now() + 5000
  for (;;) {
    const found = strays(receiver)
    if (found.length === 0 || Date.now() > deadline) return found
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
  }
}

/** Waits until `condition` holds; throws with `what` when it does not within `seconds`. */
export async function until(what: string, condition: () => unknown, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await sleep(20)
  }
}

// A process that has just been started may need a moment before it listens.
async function answerOf(receiver: Receiver, hostname: string, wanted: string | null) {
  for (let tries = 0; ; tries++) {
    const answer = await get(receiver.httpPort, hostname).catch(() => null)
    if (wanted === null || tries === 30 || answer?.body.includes(wanted)) return answer
    await sleep(100)
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
