// A running receiver, from configuration to its end: prepared, recovered, open, watched, closed.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { keepRunning, startLive } from './activate/keep-running.ts'
import { recover } from './activate/recover.ts'
import { watchPorts } from './activate/watch-ports.ts'
import { adminKeyLines } from './config/admin-keys.ts'
import { type Address, type Config, ConfigError } from './config/config.ts'
import type { Env } from './config/env.ts'
import type { Limits } from './config/limits.ts'
import type { Context, FaultPoint } from './context.ts'
import { serveGit } from './doors.ts'
import { createFrontDoor } from './frontdoor/front-door.ts'
import { clearIncoming, clearUp } from './lib/clear-up.ts'
import { Lanes } from './lib/lanes.ts'
import { clearDoor, ownSocket } from './lib/own-socket.ts'
import { makeStateDirectories, type Prepared, prepare } from './prepare.ts'
import { Tidy } from './receive/tidy.ts'
import { Refused } from './records.ts'
import { deployLogPath, logFile } from './report/log-file.ts'
import { deployReport } from './report/report.ts'
import { sideband } from './report/sideband.ts'
import { makeViews } from './report/views.ts'
import { runWord } from './report/words/run-word.ts'
import { holdState } from './state/database.ts'
import { State } from './state/state.ts'
import { KeyError, parsePublicKey } from './transport/key.ts'
import { createSshServer } from './transport/ssh/server.ts'

export interface Receiver {
  readonly ssh: Address
  readonly http: Address
  readonly hostKeyFingerprint: string
  readonly hostKey: string
  readonly admins: readonly { readonly fingerprint: string; readonly file: string }[]
  readonly buildsAreSandboxed: boolean
  readonly privateStore: string | null
  /** Refuses new pushes, cancels builds, lets switches finish, and closes. Bounded. */
  close(): Promise<void>
}

export interface Overrides {
  /** Called after each step of each deploy; for tests that need a crash there. */
  readonly fault?: (point: FaultPoint, deploy: number) => void | Promise<void>
  /** Limits other than the defaults; for tests that reach one in less than its time. */
  readonly limits?: Partial<Limits>
  /** Directories of the host that builds see; for tests of what a receiver does where they see too much. */
  readonly seenByBuilds?: readonly string[]
}

/** Starts a receiver and answers once it accepts connections. Throws ConfigError for what the operator has to change. */
export async function serve(asked: Config, env: Env, overrides: Overrides = {}): Promise<Receiver> {
  const config = { ...asked, limits: { ...asked.limits, ...overrides.limits } }
  makeStateDirectories(config)
  const held = holdState(config.stateDir)
  const ready = join(config.stateDir, 'ready.json')
  rmSync(ready, { force: true })
  const log = openLog(config)
  const prepared = await prepare(config, env, overrides.seenByBuilds)
  const admins = readAdmins(config, env)
  const state = new State(config.stateDir, fingerprintOf)
  state.people.setAdmins(new Map(admins.map(({ fingerprint, name }) => [fingerprint, name])))
  // Filled in once the doors are open: port 0 picks a free one.
  const doors = { http: config.http, ssh: config.ssh }
  const closing = new AbortController()
  const ctx = makeContext(config, env, prepared, state, log, doors, closing.signal, overrides)

  clearDoor(config.runtimeDir)
  await clearUp(config.stateDir, env.path)
  await recover(ctx)
  await clearIncoming(config.stateDir, env.path, state.deploys.open())
  await startLive(ctx)

  const frontDoor = createFrontDoor({ route: (hostname) => route(ctx, hostname), runtimeDir: config.runtimeDir, log })
  const views = makeViews(ctx)
  const ssh = createSshServer({
    hostKey: prepared.hostKey.privateKey,
    log: log.child({ part: 'ssh' }),
    handlers: {
      identify: ({ fingerprint }) => state.people.identify(fingerprint),
      git: (session) => serveGit(ctx, prepared.buildsAreSandboxed, session),
      word: (session) =>
        runWord(session.argv, {
          ...{ pusher: session.pusher, views, closed: session.closed },
          stdout: (text) => void session.stdout.write(text),
          stderr: (text) => void session.stderr.write(text),
        }),
    },
  })
  doors.http = await listen('HTTP', config.http, () => frontDoor.listen(config.http.host, config.http.port))
  doors.ssh = await listen('SSH', config.ssh, () => ssh.listen(config.ssh.host, config.ssh.port))
  const watching = [watchPorts(ctx), keepRunning(ctx)]
  writeFileSync(ready, `${JSON.stringify({ pid: process.pid, ...doors })}\n`)
  log.info({ ...doors }, 'ready')

  return {
    ...{ ...doors, admins, buildsAreSandboxed: prepared.buildsAreSandboxed },
    ...{ hostKey: prepared.hostKey.publicKey, hostKeyFingerprint: prepared.hostKey.fingerprint },
    privateStore: prepared.nix.privateStore,
    close: async () => {
      log.info('closing')
      rmSync(ready, { force: true })
      ssh.refuseNew()
      for (const watch of watching) watch.abort()
      closing.abort(new Refused('the receiver is shutting down; push again'))
      for (const { abort } of ctx.active.values()) abort.abort(closing.signal.reason)
      await untilIdle(ctx)
      await Promise.all([ssh.close(), frontDoor.close()])
      state[Symbol.dispose]()
      held[Symbol.dispose]()
      log.info('closed')
    },
  }
}

function makeContext(
  config: Config,
  env: Env,
  prepared: Prepared,
  state: State,
  log: Logger,
  doors: { readonly ssh: Address; readonly http: Address },
  closing: AbortSignal,
  overrides: Overrides,
): Context {
  const { nix, sandbox, site, library } = prepared
  const { stateDir, limits, canonicalBranch, runtimeDir } = config
  return {
    ...{ config, state, log, lanes: new Lanes(), active: new Map(), closing, sessions: new Set() },
    tidy: new Tidy({
      ...{ path: env.path, limits, closing, log },
      busy: (project) => state.deploys.open().some((row) => row.project === project),
    }),
    resolve: {
      nix,
      sandbox,
      site,
      library,
      stateDir,
      limits,
      canonicalBranch,
      path: env.path,
      projects: state.projects,
    },
    host: {
      nix,
      sandbox,
      path: env.path,
      stateDir,
      limits,
      socketOf: (facts) => ownSocket(runtimeDir, facts.upstreamRuntimeDir),
    },
    report: (deploy, words) =>
      deployReport(
        { words: sideband(words), log: logFile(deployLogPath(stateDir, deploy)) },
        { logCommand: `ssh -p ${doors.ssh.port} hostenv@${doors.ssh.host} logs d${deploy}` },
      ),
    fault: overrides.fault ?? (() => undefined),
    urlOf: (hostname) => `http://${hostname}${doors.http.port === 80 ? '' : `:${doors.http.port}`}`,
  }
}

// Only an environment with a live release is served; the front door knows nothing of the others.
function route(ctx: Context, hostname: string): { upstreamDir: string; uid: number } | null {
  const suffix = `.${ctx.config.domain}`
  if (!hostname.endsWith(suffix)) return null
  const row = ctx.state.environments.byUserName(hostname.slice(0, -suffix.length))
  if (!row || row.live === null) return null
  return { upstreamDir: join(ctx.config.runtimeDir, 'upstream', row.user_name), uid: process.getuid?.() ?? 0 }
}

async function untilIdle(ctx: Context): Promise<void> {
  const until = Date.now() + ctx.config.limits.shutdownTime
  while (!ctx.lanes.idle && Date.now() < until) await sleep(20)
  if (!ctx.lanes.idle) ctx.log.error('a switch did not end in time; the next start finishes or undoes it')
  // Verdicts are on their way to their clients; what is still being received is cut off after a moment.
  const patience = Date.now() + 2000
  while (ctx.sessions.size > 0 && Date.now() < patience) await sleep(20)
}

function openLog(config: Config): Logger {
  const file = join(config.stateDir, 'log/hostenv.log')
  mkdirSync(join(config.stateDir, 'log'), { recursive: true, mode: 0o700 })
  return pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: file, sync: true, mode: 0o600 }),
  )
}

function readAdmins(config: Config, env: Env): { fingerprint: string; file: string; name: string }[] {
  return adminKeyLines(config, env.home).map(({ file, line }) => {
    try {
      const key = parsePublicKey(line)
      return { fingerprint: key.fingerprint, file, name: 'admin' }
    } catch (error) {
      throw error instanceof KeyError ? new ConfigError(`${file}: ${error.message}`) : error
    }
  })
}

function fingerprintOf(line: string): string | null {
  try {
    return parsePublicKey(line).fingerprint
  } catch {
    return null
  }
}

async function listen(what: string, { host, port }: Address, start: () => Promise<Address>): Promise<Address> {
  try {
    return await start()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const flag = what === 'SSH' ? '--ssh' : '--http'
    if (code === 'EADDRINUSE')
      throw new ConfigError(`${host}:${port} is taken by another program: choose another with ${flag} HOST:PORT.`)
    throw new ConfigError(`${what} cannot listen on ${host}:${port} (${code}): choose another with ${flag} HOST:PORT.`)
  }
}
