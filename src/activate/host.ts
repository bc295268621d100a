// What the activate stage needs to know of the `local` host, and the environment's own directories and variables.
import { lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Limits } from '../config/limits.ts'
import type { Nix } from '../lib/nix.ts'
import { environmentSandbox, type SandboxHost } from '../lib/sandbox.ts'
import type { Command } from '../lib/spawn.ts'
import type { Bounds } from '../lib/usage.ts'
import type { EnvironmentFacts, EnvironmentType, Oid } from '../records.ts'

export interface LocalHost {
  readonly nix: Nix
  /** Null where the operator trusts projects and there is no bwrap. */
  readonly sandbox: SandboxHost | null
  readonly path: string
  readonly stateDir: string
  readonly limits: Pick<
    Limits,
    | 'activateTime'
    | 'stopTime'
    | 'environmentProcesses'
    | 'environmentMemory'
    | 'processMemory'
    | 'processLogFiles'
    | 'processLogBytes'
  >
}

/** One environment as the host knows it. */
export interface Place {
  readonly facts: EnvironmentFacts
  readonly type: EnvironmentType
}

export interface ReleaseFacts {
  readonly n: number
  readonly revision: Oid
}

/** What everything of one environment may use together. */
export function boundsOf({ limits }: Pick<LocalHost, 'limits'>): Bounds {
  return {
    processes: { most: limits.environmentProcesses, setting: 'environmentProcesses' },
    memory: { most: limits.environmentMemory, setting: 'environmentMemory' },
  }
}

/** The receiver's own folder for an environment; the environment sees only some folders inside it. */
export function environmentDir(host: Pick<LocalHost, 'stateDir'>, userName: string): string {
  return join(host.stateDir, 'env', userName)
}

function homeOf(facts: EnvironmentFacts): string {
  return join(dirname(facts.dataDir), 'home')
}

function ownDirectories(facts: EnvironmentFacts): string[] {
  return [facts.dataDir, facts.stateDir, facts.cacheDir, homeOf(facts), facts.runtimeDir, facts.upstreamRuntimeDir]
}

// What follows waits for the disk no longer than a thread would be waited for.

/** Makes the environment's directories. Idempotent. */
export function makeDirectories(facts: EnvironmentFacts): void {
  for (const directory of ownDirectories(facts)) mkdirSync(directory, { recursive: true, mode: 0o700 })
}

/** The variables of DESIGN's contract; `release` is given to `activate` and checks, not to services. */
export function variables(place: Place, release: ReleaseFacts | null): Record<string, string> {
  const { facts } = place
  return {
    HOME: homeOf(facts),
    PATH: '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    USER: facts.userName,
    LOGNAME: facts.userName,
    HOSTENV_ORGANISATION: facts.organisation,
    HOSTENV_PROJECT: facts.project,
    HOSTENV_ENVIRONMENT: facts.environmentName,
    HOSTENV_TYPE: place.type,
    HOSTENV_HOSTNAME: facts.hostname,
    HOSTENV_RUNTIME_DIR: facts.runtimeDir,
    HOSTENV_UPSTREAM_DIR: facts.upstreamRuntimeDir,
    HOSTENV_DATA_DIR: facts.dataDir,
    HOSTENV_STATE_DIR: facts.stateDir,
    HOSTENV_CACHE_DIR: facts.cacheDir,
    HOSTENV_MANAGER: 's6',
    XDG_RUNTIME_DIR: facts.runtimeDir,
    XDG_DATA_HOME: facts.dataDir,
    XDG_STATE_HOME: facts.stateDir,
    XDG_CACHE_HOME: facts.cacheDir,
    XDG_CONFIG_HOME: join(homeOf(facts), '.config'),
    ...(release === null ? {} : { HOSTENV_REVISION: release.revision, HOSTENV_RELEASE: String(release.n) }),
  }
}

/** A command that runs as the environment. `dieWithParent` false is for its tree of services alone. */
export function asEnvironment(
  host: LocalHost,
  place: Place,
  argv: readonly [string, ...string[]],
  options: { dieWithParent: boolean; release?: ReleaseFacts; holds?: number; chdir?: string },
): Command {
  const { processLogFiles, processLogBytes } = host.limits
  // For the loggers of services alone; their definitions are the projects', these limits the operator's.
  const logs = { HOSTENV_LOG_FILES: String(processLogFiles), HOSTENV_LOG_BYTES: String(processLogBytes) }
  const env = { ...variables(place, options.release ?? null), ...(options.dieWithParent ? {} : logs) }
  const chdir = options.chdir ?? homeOf(place.facts)
  if (host.sandbox === null) {
    // The number of processes cannot be limited here: all of this user's would count.
    const memory = ['prlimit', `--data=${host.limits.processMemory}`, '--core=0', '--']
    const prefix = [...memory, ...(options.dieWithParent ? ['setpriv', '--pdeathsig', 'KILL'] : [])]
    return { argv: [...prefix, ...argv] as [string, ...string[]], env, cwd: chdir }
  }
  const prefix = environmentSandbox({
    host: host.sandbox,
    storeDir: host.nix.storeDir,
    directories: ownDirectories(place.facts),
    chdir,
    limits: { processes: host.limits.environmentProcesses, memory: host.limits.processMemory },
    dieWithParent: options.dieWithParent,
    ...(options.holds === undefined ? {} : { holds: options.holds }),
  })
  return { argv: [...prefix, ...argv] as [string, ...string[]], env }
}

/**
 * Writes `$HOSTENV_STATE_DIR/release.json`. The folder is the environment's: rename(2) replaces whatever it put there, and moves
 * a folder aside; nothing in it is followed or removed.
 */
export function writeReleaseFile(facts: EnvironmentFacts, release: ReleaseFacts | null): void {
  const file = join(facts.stateDir, 'release.json')
  const aside = join(facts.stateDir, `.release-${crypto.randomUUID()}`)
  if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) renameSync(file, aside)
  if (release === null) {
    rmSync(file, { force: true })
    return
  }
  const temporary = `${aside}.new`
  const text = JSON.stringify({ release: release.n, revision: release.revision, environment: facts.environmentName })
  writeFileSync(temporary, `${text}\n`, { flag: 'wx', mode: 0o644 })
  renameSync(temporary, file)
}
