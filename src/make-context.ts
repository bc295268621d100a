// The collaborators of a running receiver, made from its settings and what the start prepared.
import type { Logger } from 'pino'
import { keptRelease } from './activate/kept-release.ts'
import { type Address, reachedAs } from './config/config.ts'
import type { Env } from './config/env.ts'
import { granted } from './config/grants.ts'
import type { Context } from './context.ts'
import { Reserve } from './lib/disk-full.ts'
import { Gate } from './lib/gate.ts'
import { Lanes } from './lib/lanes.ts'
import { ownSocket } from './lib/own-socket.ts'
import { Slots } from './lib/slots.ts'
import type { Prepared } from './prepare.ts'
import { PushGate } from './receive/push-gate.ts'
import { Tidy } from './receive/tidy.ts'
import type { Settings } from './reload.ts'
import { cappedSink } from './report/capped-sink.ts'
import { deployLogPath, logFile } from './report/log-file.ts'
import { deployReport } from './report/report.ts'
import { sideband } from './report/sideband.ts'
import type { State } from './state/state.ts'

/** What the collaborators are made from. */
interface Parts {
  readonly settings: Settings
  readonly env: Env
  readonly prepared: Prepared
  readonly state: State
  readonly log: Logger
  /** Where the receiver listens; filled in once the doors are open. */
  readonly doors: { readonly ssh: Address; readonly http: Address }
  readonly closing: AbortSignal
  readonly switching: Context['switching']
  readonly fault: Context['fault'] | undefined
  readonly now: Context['now'] | undefined
}

/** Builds the context in the order of what depends on what. */
export function makeContext({
  settings,
  env,
  prepared,
  state,
  log,
  doors,
  closing,
  switching,
  fault,
  now,
}: Parts): Context {
  const { nix, sandbox, site, library } = prepared
  const { stateDir, runtimeDir } = settings.config
  const commandOf = (word: string) => `${commandLine(doors.ssh, settings.config.domain)}${word}`
  const reporting = new Set<number>()
  return {
    get config() {
      return settings.config
    },
    get keys() {
      return settings.loaded.keys
    },
    pushes: new PushGate(),
    evaluations: new Slots(() => settings.config.limits.evaluationsAtOnce),
    builds: new Slots(() => settings.config.limits.buildsAtOnce),
    granted: (hostname, project) => granted(settings.config, hostname, project),
    ...{ state, log, lanes: new Lanes(), gate: new Gate(), active: new Map() },
    ...{ unsettled: new Map(), reserve: new Reserve(stateDir) },
    ...{ closing, sessions: new Set(), switching },
    tidy: new Tidy({
      path: env.path,
      get limits() {
        return settings.config.limits
      },
      ...{ closing, log },
      busy: (project) => state.deploys.open().some((row) => row.project === project),
    }),
    resolve: {
      nix,
      sandbox,
      site,
      library,
      stateDir,
      get limits() {
        return settings.config.limits
      },
      allowedGitHosts: settings.config.nix.allowedGitHosts,
      path: env.path,
      projects: state.projects,
      evaluations: state.evaluations,
      isKept: (out) => keptRelease({ state, host: { nix, stateDir } }, out) !== null,
    },
    host: {
      nix,
      sandbox,
      path: env.path,
      stateDir,
      get limits() {
        return settings.config.limits
      },
      socketOf: (facts) => ownSocket(runtimeDir, facts.upstreamRuntimeDir),
    },
    reporting,
    report: (deploy, { words, ...view }) => {
      reporting.add(deploy)
      const report = deployReport(
        {
          words: sideband(words),
          log: cappedSink(logFile(deployLogPath(stateDir, deploy)), settings.config.limits.deployLogBytes),
        },
        { logCommand: commandOf(`logs d${deploy}`) },
        { ...view, mostShown: settings.config.limits.shownLogBytes },
      )
      return { ...report, close: () => report.close().finally(() => reporting.delete(deploy)) }
    },
    fault: fault ?? (() => undefined),
    commandOf,
    now: now ?? Date.now,
    urlOf: (hostname) => `http://${hostname}${doors.http.port === 80 ? '' : `:${doors.http.port}`}`,
  }
}

/** What a command line begins with that says a word to the receiver at this address, whose environments are below `domain`. */
export function commandLine(ssh: Address, domain: string): string {
  return `ssh -p ${ssh.port} hostenv@${reachedAs(ssh, domain)} `
}
