// A receiver without doors, in this process: real git, Nix profiles, activation and services, and a record that starts empty again
// for each sequence. What every sequence would build is built, and kept by a project of its own.
import { cpSync, mkdirSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLive } from '../../../src/activate/keep-running.ts'
import { recover } from '../../../src/activate/recover.ts'
import { retireAll } from '../../../src/activate/retention.ts'
import { findTree } from '../../../src/activate/service-tree.ts'
import { changeEnvironment } from '../../../src/change-environment.ts'
import { grantee } from '../../../src/config/grants.ts'
import { loadConfig } from '../../../src/config/load.ts'
import type { Context, FaultPoint, Terminal } from '../../../src/context.ts'
import type { Change } from '../../../src/decide-change.ts'
import { expirePreviews, pauseExpired } from '../../../src/expire-previews.ts'
import { createFrontDoor } from '../../../src/frontdoor/front-door.ts'
import { createRoutes } from '../../../src/frontdoor/routes.ts'
import { WaitingRoom } from '../../../src/frontdoor/waiting-room.ts'
import { clearUp } from '../../../src/lib/clear-up.ts'
import { environmentFacts } from '../../../src/lib/names.ts'
import { makeNix } from '../../../src/lib/nix.ts'
import { descendants, end, processes, startedAt } from '../../../src/lib/proc.ts'
import { gitStandsBy } from '../../../src/lib/ref-transaction.ts'
import { makeTemporary, projectId, repositoryPath } from '../../../src/lib/repositories.ts'
import { mustRun } from '../../../src/lib/spawn.ts'
import { makeContext } from '../../../src/make-context.ts'
import { openLog } from '../../../src/operate/open-log.ts'
import { receivePush } from '../../../src/pipeline.ts'
import { makeStateDirectories, type Prepared, prepare } from '../../../src/prepare.ts'
import type { EnvironmentFacts } from '../../../src/records.ts'
import { Settings, setPeople } from '../../../src/reload.ts'
import { openDatabase } from '../../../src/state/database.ts'
import { State } from '../../../src/state/state.ts'
import { fingerprintOfLine, parsePublicKey } from '../../../src/transport/key.ts'
import { makeKey } from '../keys.ts'
import { cleanEnv, path } from '../programs.ts'
import { type Commit, contents, makeHistory } from './commits.ts'
import type { Op } from './model.ts'

export const project = 'acme/life'
/** Of each environment; more go. */
export const keptReleases = 5
const anchor = 'acme/anchor'

/** How an operation ended: why it was refused (null: it was not), and its deploys' numbers. */
export interface Ended {
  readonly refused: string | null
}

export interface LifeReceiver {
  readonly ctx: Context
  readonly commits: readonly Commit[]
  readonly repository: string
  readonly httpPort: number
  facts(key: string): EnvironmentFacts
  /** The directory that a request to an environment is sent to, or null. */
  route(hostname: string): string | null
  run(op: Op): Promise<Ended>
  /** Waits until what nobody waits for is done as well: old releases are dropped. */
  settled(): Promise<void>
  /** Pushes of one unit. */
  atomically(ops: readonly Extract<Op, { kind: 'push' }>[]): Promise<Ended[]>
  /** Runs an operation until a step is on disk, and dies there. Answers how it ended when it did before, else null. */
  crash(op: Op, point: FaultPoint): Promise<Ended | null>
  /** Lets time pass, and does what is due. */
  pass(hours: number): Promise<void>
  /** Ends as it should, and starts again; with `services` false those have ended too, as when the machine starts. */
  restart(services: boolean): Promise<void>
  /** Everything as it was before the first operation. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** Makes one below `directory`, whose path is short. */
export async function makeLifeReceiver(directory: string): Promise<LifeReceiver> {
  const env = { home: join(directory, 'home'), path, stateHome: undefined, runtimeDir: undefined, user: undefined }
  mkdirSync(env.home, { recursive: true })
  const keys = [await makeKey(directory, 'alice'), await makeKey(directory, 'bob')]
  const flags = {
    ...{
      state: join(directory, 's'),
      runtime: join(directory, 'r'),
      nixStore: 'private',
      allowUnsandboxedBuilds: true,
    },
    adminKey: keys.map(({ publicFile }) => publicFile),
  }
  const settings = new Settings(
    () => loadConfig(flags, env, (line) => parsePublicKey(line).fingerprint),
    (config) => ({ ...config, limits: { ...config.limits, keptReleases } }),
  )
  const { stateDir, runtimeDir, domain } = settings.config
  makeStateDirectories(settings.config)
  const prepared = unguarded(await prepare(settings.config, env))
  const { commits, source } = await makeHistory(directory)
  const template = await templateOf(stateDir, source)
  const repository = repositoryPath(stateDir, project)
  const limits = () => settings.config.limits
  const log = openLog(settings.config, limits)
  const pushers = settings.loaded.keys.map(({ fingerprint, user }) => ({ name: user, fingerprint, admin: true }))
  let passed = 0
  let fault: Context['fault'] = () => undefined
  let state = new State(stateDir, fingerprintOfLine)
  let ctx = make(state)
  const routes = () =>
    createRoutes({
      record: { environments: state.environments, policy: (name) => state.projects.get(name)?.policy ?? null },
      grantee: (name) => grantee(settings.config, name),
      ...{ domain, runtimeDir, command: ctx.commandOf },
    })
  let route = routes()
  const frontDoor = createFrontDoor({
    ...{ route: (name) => route(name), runtimeDir, log },
    ...{ room: new WaitingRoom(limits), limits: () => limits().frontDoor },
  })
  const { port: httpPort } = await frontDoor.listen('127.0.0.1', 0)

  function make(state: State): Context {
    setPeople(state, settings.config, settings.loaded.keys)
    return makeContext({
      ...{ settings, env, prepared, state, log, doors: { ssh: settings.config.ssh, http: settings.config.http } },
      ...{ closing: new AbortController().signal, switching: { begin: async () => undefined, end: () => undefined } },
      fault: (point, deploy) => fault(point, deploy),
      now: () => Date.now() + passed,
    })
  }

  const facts = (key: string, of = project) =>
    environmentFacts(projectId(of), key, key, { domain, runtimeDir, stateDir })

  async function again(): Promise<void> {
    fault = () => undefined
    state = new State(stateDir, fingerprintOfLine)
    ctx = make(state)
    route = routes()
    await clearUp(stateDir, env.path)
    await recover(ctx)
    await pauseExpired(ctx)
    await startLive(ctx)
    await retireAll(ctx, ctx.closing)
  }

  // A process without a parent in the tree's own pid namespace: all of it ends with it.
  async function endServices(): Promise<void> {
    const all = processes()
    const trees = state.environments.all().map(({ project, key }) => findTree(ctx.host, facts(key, project), all))
    const ended = new Set(trees.flatMap((tree) => (tree === null ? [] : descendants(tree, all))))
    for (const pid of [...ended].toReversed()) end(pid)
    for (const { pid, started } of all) while (ended.has(pid) && startedAt(pid) === started) await sleep(5)
  }

  async function pushed(
    name: string,
    ops: readonly Extract<Op, { kind: 'push' }>[],
    atomic: boolean,
  ): Promise<Ended[]> {
    const words = new PassThrough().resume()
    const pusher = pushers[ops[0]?.by ?? 0]!
    const at = repositoryPath(stateDir, name)
    const closed = new AbortController().signal
    await using refs = gitStandsBy(at, path)
    const session = { project: projectId(name), pusher, peer: '', repository: at, fresh: false, closed, refs }
    const sure = ops.some((op) => op.sure) ? ['force=live', 'confirm=live'] : []
    const updates = ops.map(({ ref, old, new: value }) => ({ ref, old, new: value }))
    const verdicts = await receivePush(ctx, session, { updates, options: sure, atomic, quiet: true }, words)
    if (verdicts === null) throw new Error('a push got no answer')
    return ops.map(({ ref }) => {
      const verdict = verdicts.find((one) => one.ref === ref)
      if (!verdict) throw new Error(`no verdict for ${ref}`)
      return { refused: verdict.ok ? null : verdict.reason }
    })
  }

  async function settled(): Promise<void> {
    while (!ctx.lanes.idle) await sleep(2)
  }

  async function run(op: Op): Promise<Ended> {
    if (op.kind === 'push') return (await pushed(project, [op], false))[0]!
    const closed = new AbortController().signal
    const what: Change = op.kind === 'rollback' ? { kind: op.kind, to: op.to } : { kind: op.kind }
    const wanted = { project: projectId(project), key: op.key, by: pushers[0]!, peer: '', what, closed }
    const done = await changeEnvironment(ctx, wanted, silent())
    return { refused: done.ok ? null : done.reason }
  }

  const receiver: LifeReceiver = {
    get ctx() {
      return ctx
    },
    ...{ commits, repository, httpPort, facts, run, settled },
    route: (hostname) => {
      const to = route(hostname)
      return to === null || to.paused !== undefined ? null : to.upstreamDir
    },
    async pass(hours) {
      passed += hours * 3_600_000
      await expirePreviews(ctx)
    },
    atomically: (ops) => pushed(project, ops, true),
    async crash(op, point) {
      const held = Promise.withResolvers<null>()
      // For ever: nothing of this receiver goes on once it is dead.
      fault = (at) => {
        if (at !== point) return
        held.resolve(null)
        return new Promise<void>(() => undefined)
      }
      const ended = await Promise.race([run(op), held.promise])
      if (ended === null) {
        // Nothing of this process died: what it was about to start is started all the same.
        for (let quiet = 0; quiet < 4; quiet++, await sleep(50)) if (endChildren(stateDir, repository)) quiet = 0
        state[Symbol.dispose]()
        await again()
      }
      fault = () => undefined
      return ended
    },
    async restart(services) {
      await settled()
      if (!services) await endServices()
      state[Symbol.dispose]()
      await again()
    },
    async reset() {
      await settled()
      passed = 0
      await endServices()
      state[Symbol.dispose]()
      using db = openDatabase(stateDir)
      for (const table of ['release', 'environment', 'deploy'])
        db.prepare(`DELETE FROM ${table} WHERE project = ?`).run(project)
      for (const table of ['tag', 'project']) db.exec(`DELETE FROM ${table}`)
      const kept = facts('main', anchor).userName.replace(/-main-.*/, '')
      for (const name of readdirSync(join(stateDir, 'env')))
        if (!name.startsWith(kept)) rmSync(join(stateDir, 'env', name), { recursive: true, force: true })
      for (const folder of [join(runtimeDir, 'user'), join(runtimeDir, 'upstream'), join(stateDir, 'log/deploys')])
        for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
      rmSync(repository, { recursive: true, force: true })
      cpSync(template, repository, { recursive: true })
      state = new State(stateDir, fingerprintOfLine)
      ctx = make(state)
      route = routes()
    },
    async close() {
      await endServices()
      state[Symbol.dispose]()
      await frontDoor.close()
    },
  }

  // Every content, in both kinds of environments, built once and kept by what never changes.
  cpSync(template, repositoryPath(stateDir, anchor), { recursive: true })
  for (const content of contents) {
    const { oid } = commits.find((commit) => commit.content === content)!
    for (const ref of ['refs/heads/main', 'refs/heads/staging']) {
      const old = state.deploys.lastOfEachRef(anchor).find((row) => row.ref === ref)?.new ?? '0'.repeat(40)
      const [ended] = await pushed(anchor, [{ kind: 'push', ref, old, new: oid, by: 0, sure: true }], false)
      if (ended?.refused !== null) throw new Error(`the anchor was refused: ${ended?.refused}`)
    }
  }
  await settled()
  await endServices()
  for (const key of ['main', 'staging']) state.environments.setLive(anchor, key, null)
  await receiver.reset()
  return receiver
}

// Nix without what guards the host from builds and ends it with the receiver: half of its time, and nothing is built after the start.
function unguarded(prepared: Prepared): Prepared {
  const nix = makeNix({ ...prepared.nix, buildUsersGroup: '', accounts: null })
  const command = (args: readonly string[]) => ({ argv: nix.plain(args), env: nix.command(args).env })
  return { ...prepared, nix: { ...nix, command } }
}

// A bare repository that has all objects and no refs.
async function templateOf(stateDir: string, source: string): Promise<string> {
  const template = join(stateDir, '..', 'template.git')
  const made = await makeTemporary(stateDir, path, 'main')
  const env = { ...cleanEnv(stateDir), GIT_DIR: made }
  await mustRun({ argv: ['git', 'fetch', '-q', source, 'refs/tags/*:refs/tags/*'], env })
  await mustRun({ argv: ['git', 'repack', '-q', '-a', '-d'], env })
  cpSync(made, template, { recursive: true })
  for (const name of ['refs/tags', 'logs', 'FETCH_HEAD', 'packed-refs'])
    rmSync(join(template, name), { recursive: true, force: true })
  rmSync(made, { recursive: true, force: true })
  return template
}

function silent(): Terminal {
  return { words: new PassThrough().resume(), live: false, color: false }
}

// What dies with a receiver: at a step the git that holds the refs, and sandboxes that wait or look. Services are in sessions of their own.
function endChildren(stateDir: string, repository: string): boolean {
  let found = false
  const all = processes()
  const commands = new Map(all.map(({ pid, command }) => [pid, command]))
  for (const pid of descendants(process.pid, all)) {
    if (pid === process.pid) continue
    const command = commands.get(pid) ?? ''
    const sandbox = command.includes('--die-with-parent') && command.includes(join(stateDir, 'env'))
    if (!sandbox && cwdOf(pid) !== repository) continue
    end(pid)
    found = true
  }
  return found
}

function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return null
  }
}
