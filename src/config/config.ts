// What `hostenv serve` was asked to do, with every default and every rule between settings. Pure: reads no file.
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Env } from './env.ts'
import type { FileSettings } from './file-schema.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { ConfigError } from './problems.ts'
import { type Access, toAccess } from './roles.ts'
import { addressPattern, hostNamePattern } from './schema-parts.ts'

export { ConfigError }

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Config {
  readonly stateDir: string
  readonly runtimeDir: string
  readonly ssh: Address
  readonly http: Address
  /** The configuration file, or null. */
  readonly file: string | null
  /** Public key files of administrators. Without any, and without an administrator among `users`, the invoking user's own keys count. */
  readonly adminKeyFiles: readonly string[]
  readonly users: Readonly<Record<string, User>>
  /** By their normalised name, `organisation/project`. */
  readonly projects: Readonly<Record<string, ProjectSettings>>
  readonly domain: string
  readonly host: Host
  readonly nix: {
    /** `machine`: /nix; `private`: STATE/nix; `auto`: the machine's when this user may write it or reach its daemon. */
    readonly store: 'auto' | 'machine' | 'private'
    /** Store path or directory of a nixpkgs that projects get as `pkgs`; without it they get the host's own tools. */
    readonly packages: string | null
    readonly allowUnsandboxedBuilds: boolean
    /** Hosts from which inputs of a project's flake may come by git over https or ssh. */
    readonly allowedGitHosts: readonly string[]
    /** Options of nix.conf(5). */
    readonly options: Readonly<Record<string, string>>
  }
  /** The receiver's own log: STATE/log/hostenv.log, standard error, or standard error with journald's priorities. */
  readonly log: 'file' | 'stderr' | 'journald'
  readonly limits: Limits
}

/** Where environments live. `local`: they run as this user, each in a sandbox. */
export type Host = { readonly kind: 'local'; readonly trustProjects: boolean }

export interface User {
  readonly administrator: boolean
  /** Lines as in authorized_keys(5). */
  readonly keys: readonly string[]
  /** Absolute paths. */
  readonly keyFiles: readonly string[]
}

export interface ProjectSettings {
  readonly canonicalBranch: string
  /** By the name of a user. */
  readonly access: Readonly<Record<string, Access>>
  /** Host names; `*.example.org` means every name below. */
  readonly domains: readonly string[]
  /** False: kept as a git repository and nothing more. */
  readonly deploys: boolean
}

/** What the command line may say; everything is optional, and wins over the file. */
export interface ServeFlags {
  readonly config?: string
  readonly state?: string
  readonly runtime?: string
  readonly ssh?: string
  readonly http?: string
  readonly adminKey?: readonly string[]
  readonly domain?: string
  readonly nixStore?: string
  readonly nixpkgs?: string
  readonly allowUnsandboxedBuilds?: boolean
  readonly trustProjects?: boolean
  readonly log?: string
}

/** Builds the configuration from flags, environment and the settings of a file. Throws ConfigError with one sentence that says what to change. */
export function toConfig(flags: ServeFlags, env: Env, file: FileSettings = {}): Config {
  const path = flags.config === undefined ? null : resolve(flags.config)
  const near = (name: string) => resolve(path === null ? '.' : dirname(path), name)
  const store = flags.nixStore ?? file.nix?.store ?? 'auto'
  if (store !== 'auto' && store !== 'machine' && store !== 'private')
    throw new ConfigError(`--nix-store takes auto, machine or private, not '${store}'.`)
  const log = flags.log ?? file.log ?? 'file'
  if (log !== 'file' && log !== 'stderr' && log !== 'journald')
    throw new ConfigError(`--log takes file, stderr or journald, not '${log}'.`)
  const domain = flags.domain ?? file.domain ?? 'localhost'
  // Environments' own names come before it.
  if (!hostNamePattern.test(domain) || domain.length > 180)
    throw new ConfigError(`--domain takes a host name in lower case (RFC 1123), not '${domain}'.`)
  const packages = file.nix?.packages
  const config: Config = {
    ...directories(
      {
        ...(file.state === undefined ? {} : { state: near(file.state) }),
        ...(file.runtime === undefined ? {} : { runtime: near(file.runtime) }),
        ...flags,
      },
      env,
    ),
    file: path,
    ssh: address('--ssh', flags.ssh ?? file.listen?.ssh ?? '127.0.0.1:2222'),
    http: address('--http', flags.http ?? file.listen?.http ?? '127.0.0.1:8080'),
    adminKeyFiles: (flags.adminKey ?? []).map((name) => resolve(name)),
    users: mapped(file.users ?? {}, ({ role, keys = [], keyFiles = [] }) => ({
      ...{ administrator: role === 'administrator', keys, keyFiles: keyFiles.map(near) },
    })),
    projects: mapped(
      file.projects ?? {},
      ({ canonicalBranch = 'main', access = {}, domains = [], deploys = true }) => ({
        ...{ canonicalBranch, access: mapped(access, toAccess), domains, deploys },
      }),
    ),
    domain,
    host: { kind: 'local', trustProjects: flags.trustProjects ?? file.host?.local?.trustProjects ?? false },
    nix: {
      ...{ store, packages: flags.nixpkgs ?? (packages === undefined ? null : near(packages)) },
      allowUnsandboxedBuilds: flags.allowUnsandboxedBuilds ?? file.nix?.allowUnsandboxedBuilds ?? false,
      allowedGitHosts: file.nix?.allowedGitHosts ?? [],
      options: mapped(file.nix?.options ?? {}, String),
    },
    log,
    limits: over(defaultLimits, file.limits ?? {}),
  }
  if (!namesAdministrator(config) && !isLoopback(config.ssh.host))
    throw new ConfigError(
      `SSH on ${config.ssh.host} is reachable by others: name the administrators with --admin-key FILE.pub, or in the configuration file (users).`,
    )
  return config
}

/** Whether somebody is named an administrator; else the invoking user's own keys are. */
export function namesAdministrator(config: Pick<Config, 'adminKeyFiles' | 'users'>): boolean {
  const named = Object.values(config.users).some(
    (user) => user.administrator && user.keys.length + user.keyFiles.length > 0,
  )
  return config.adminKeyFiles.length > 0 || named
}

/** Where state and sockets live, for every command. Throws ConfigError when the runtime directory's path is too long. */
export function directories(
  flags: Pick<ServeFlags, 'state' | 'runtime'>,
  env: Env,
): { stateDir: string; runtimeDir: string } {
  const stateHome = env.stateHome ?? join(env.home ?? '/var/lib', '.local/state')
  const uid = userInfo().uid
  const runtimeDir = resolve(
    flags.runtime ??
      (env.runtimeDir ? join(env.runtimeDir, 'hostenv') : uid === 0 ? '/run/hostenv' : `/tmp/hostenv-${uid}`),
  )
  // A socket's path may have 107 bytes (unix(7)); `/upstream/<userName>/in.sock` needs up to 54 of them.
  if (Buffer.byteLength(runtimeDir) > 53)
    throw new ConfigError(
      `The runtime directory ${runtimeDir} is too long for sockets: name one of at most 53 bytes with --runtime DIR.`,
    )
  return { stateDir: resolve(flags.state ?? join(stateHome, 'hostenv')), runtimeDir }
}

/** True for the addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The host by which others reach an address: of one that means every address of the machine, the operator's domain. */
export function reachedAs({ host }: Pick<Address, 'host'>, domain: string): string {
  return /^[0.:]+$/.test(host) ? domain : host
}

function address(flag: string, text: string): Address {
  const match = addressPattern.exec(text)
  const port = Number(match?.[3])
  if (!match) throw new ConfigError(`${flag} takes HOST:PORT (port 0 picks a free one), not '${text}'.`)
  return { host: match[1] ?? match[2] ?? '', port }
}

/** `limits` with what `changes` says instead, group by group. */
export function over<T extends object>(limits: T, changes: object): T {
  const entries = Object.entries(limits).map(([name, value]) => {
    const change = (changes as Record<string, unknown>)[name]
    return [name, typeof value === 'object' ? over(value, (change as object | undefined) ?? {}) : (change ?? value)]
  })
  return Object.fromEntries(entries) as T
}

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
