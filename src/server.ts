// A running receiver, from configuration to its end: prepared, recovered, open, watched, closed.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { keepRunning, startLive } from './activate/keep-running.ts'
import { recover } from './activate/recover.ts'
import { watchRetention } from './activate/retention.ts'
import { settleUnsettled } from './activate/settle.ts'
import { watchPorts } from './activate/watch-ports.ts'
import { watchProcesses } from './activate/watch-processes.ts'
import { type Address, type Config, ConfigError, over } from './config/config.ts'
import type { Env } from './config/env.ts'
import type { KnownKey } from './config/keys.ts'
import type { Limits } from './config/limits.ts'
import type { Context, FaultPoint } from './context.ts'
import { serveGit } from './doors.ts'
import { pauseExpired, watchPreviews } from './expire-previews.ts'
import type { DoorSettings } from './frontdoor/door-talk.ts'
import { startDoorThread } from './frontdoor/start-door-thread.ts'
import { clearStore } from './lib/clear-store.ts'
import { clearIncoming, clearUp } from './lib/clear-up.ts'
import { Reserve } from './lib/disk-full.ts'
import { openLauncher } from './lib/launch.ts'
import { clearDoor } from './lib/own-socket.ts'
import { commandLine, makeContext } from './make-context.ts'
import { finishMoves } from './move-project.ts'
import { openAdminSocket } from './operate/admin-socket.ts'
import { openLog } from './operate/open-log.ts'
import { watchServiceLogs } from './operate/trim-service-logs.ts'
import { makeStateDirectories, prepare } from './prepare.ts'
import { type Pusher, Refused } from './records.ts'
import { type ConfigSource, follow, Settings, setCanonicalBranches, setPeople } from './reload.ts'
import { makeViews } from './report/views.ts'
import { serveWord } from './serve-word.ts'
import { openSocket } from './sockets.ts'
import { holdState } from './state/database.ts'
import { State } from './state/state.ts'
import { fingerprintOfLine } from './transport/key.ts'
import { createSshServer } from './transport/ssh/server.ts'
import { makeVerbs } from './verbs/verbs.ts'

export interface Receiver {
  readonly ssh: Address
  readonly http: Address
  readonly hostKeyFingerprint: string
  /** As it was at the start. */
  readonly config: Config
  readonly hostKey: string
  readonly admins: readonly KnownKey[]
  readonly buildsAreSandboxed: boolean
  readonly privateStore: string | null
  /** Reads the configuration and the key files again, as when one of them changes. */
  reload(): Promise<void>
  /** Refuses new pushes, cancels builds, lets switches finish, and closes. Bounded. */
  close(): Promise<void>
}

export interface Overrides {
  /** Called after each step of each deploy; for tests that need a crash there. */
  readonly fault?: (point: FaultPoint, deploy: number) => void | Promise<void>
  /** Another clock for the lives of previews, for tests that need days to pass. */
  readonly now?: () => number
  /** Limits other than the defaults; for tests that reach one in less than its time. */
  readonly limits?: Partial<Limits>
  /** Directories of the host that builds see; for tests of what a receiver does where they see too much. */
  readonly seenByBuilds?: readonly string[]
}

/** Starts a receiver and answers once it accepts connections. Throws ConfigError for what the operator has to change. */
export async function serve(source: ConfigSource, env: Env, overrides: Overrides = {}): Promise<Receiver> {
  const settings = new Settings(source, (config) => ({
    ...config,
    limits: over(config.limits, overrides.limits ?? {}),
  }))
  const { config } = settings
  makeStateDirectories(config)
  // Even the start writes a little.
  new Reserve(config.stateDir).giveUp()
  const held = holdState(config.stateDir)
  const ready = join(config.stateDir, 'ready.json')
  rmSync(ready, { force: true })
  const limits = () => settings.config.limits
  const log = openLog(config, limits)
  const launcher = await openLauncher(join(config.runtimeDir, 'launch.sock'))
  const prepared = await prepare(config, env, overrides.seenByBuilds)
  const state = new State(config.stateDir, fingerprintOfLine)
  setPeople(state, config, settings.loaded.keys)
  state.audit.most = config.limits.auditLines
  // Filled in once the doors are open: port 0 picks a free one.
  const doors = { http: config.http, ssh: config.ssh }
  const closing = new AbortController()
  const frontDoor = startDoorThread({
    ...{ stateDir: config.stateDir, runtimeDir: config.runtimeDir, domain: config.domain, log },
    settings: () => doorSettings(settings.config, doors.ssh),
    // A receiver without its front door would look as if it ran: it ends, as by any other error that nobody expects.
    failed: (error) => {
      log.fatal({ err: error }, 'the front door failed, and the receiver ends with it')
      throw error
    },
  })
  const parts = { settings, env, prepared, state, log, doors, closing: closing.signal, switching: frontDoor }
  const ctx = makeContext({ ...parts, fault: overrides.fault, now: overrides.now })

  clearDoor(config.runtimeDir)
  await clearUp(config.stateDir, env.path)
  await clearStore(prepared.nix)
  await finishMoves(ctx)
  await recover(ctx)
  await clearIncoming(config.stateDir, env.path, state.deploys.open())
  await setCanonicalBranches(config, env.path)

  // The one object that changes: the server reads it whenever it needs a value.
  const sshLimits = { ...config.limits.ssh }
  const views = makeViews(ctx)
  const verbs = makeVerbs(ctx)
  const ssh = createSshServer({
    hostKey: prepared.hostKey.privateKey,
    log: log.child({ part: 'ssh' }),
    limits: sshLimits,
    handlers: {
      identify: ({ fingerprint }) => state.people.identify(fingerprint),
      git: (session) => serveGit(ctx, prepared.buildsAreSandboxed, session),
      word: (session) => serveWord(session, views, verbs),
      socket: (request) => openSocket(ctx, request),
    },
  })
  doors.http = await listen('HTTP', config.http, () => frontDoor.listen(config.http.host, config.http.port))
  doors.ssh = await listen('SSH', config.ssh, () => ssh.listen(config.ssh.host, config.ssh.port))
  await frontDoor.changed()
  const admin = await openAdminSocket({
    ...{ ctx, routes: (userNames) => frontDoor.served(userNames.map((userName) => `${userName}.${config.domain}`)) },
    connections: { ssh: () => ssh.connections(), http: () => frontDoor.connections() },
  })
  // What the operator takes away ends at once; who lost what a project gave them ends what they began: it may be that push.
  state.people.onChange((by) => {
    const changed = (pusher: Pusher) => !isDeepStrictEqual(state.people.identify(pusher.fingerprint), pusher)
    if (by === 'operator') ssh.endWhere(changed)
    else ssh.retireWhere(changed)
  })
  const watching = [
    watchPorts(ctx),
    keepRunning(ctx),
    watchProcesses(ctx),
    watchServiceLogs(ctx),
    watchPreviews(ctx),
    watchRetention(ctx),
    settleUnsettled(ctx),
  ]
  // Behind open doors: whatever runs is served at once, and requests for what does not wait. What expired meanwhile need not start.
  await pauseExpired(ctx)
  await startLive(ctx)
  const following = await follow(settings, { ctx, sshLimits, frontDoor })
  writeFileSync(ready, `${JSON.stringify({ pid: process.pid, ...doors })}\n`)
  log.info({ ...doors }, 'ready')

  return {
    ...{ ...doors, admins: settings.loaded.keys.filter(({ administrator }) => administrator) },
    ...{ config, reload: following.reload, buildsAreSandboxed: prepared.buildsAreSandboxed },
    ...{ hostKey: prepared.hostKey.publicKey, hostKeyFingerprint: prepared.hostKey.fingerprint },
    privateStore: prepared.nix.privateStore,
    close: async () => {
      log.info('closing')
      rmSync(ready, { force: true })
      ssh.refuseNew()
      admin.closing()
      await following.close()
      for (const watch of watching) watch.abort()
      closing.abort(new Refused('the receiver is shutting down; push again'))
      for (const { abort } of ctx.active.values()) abort.abort(closing.signal.reason)
      await untilIdle(ctx)
      await Promise.all([ssh.close(), frontDoor.close(), admin.close()])
      await launcher[Symbol.asyncDispose]()
      state[Symbol.dispose]()
      held[Symbol.dispose]()
      log.info('closed')
    },
  }
}

function doorSettings({ projects, limits, domain }: Config, ssh: Address): DoorSettings {
  const { frontDoor, heldTime, heldPerEnvironment, heldRequests } = limits
  return {
    limits: { frontDoor, heldTime, heldPerEnvironment, heldRequests },
    projects: Object.fromEntries(Object.entries(projects).map(([name, { domains }]) => [name, { domains }])),
    command: commandLine(ssh, domain),
  }
}

async function untilIdle(ctx: Context): Promise<void> {
  const until = Date.now() + ctx.config.limits.shutdownTime
  while (!(ctx.lanes.idle && !ctx.gate.closed) && Date.now() < until) await sleep(20)
  if (!ctx.lanes.idle) ctx.log.error('a switch did not end in time; the next start finishes or undoes it')
  // Verdicts are on their way to their clients; what is still being received is cut off after a moment.
  const patience = Date.now() + 2000
  while (ctx.sessions.size > 0 && Date.now() < patience) await sleep(20)
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
