// What `hostenv serve` was asked to do, with every default and every rule between settings. Pure: reads no file.
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Env } from './env.ts'
import { defaultLimits, type Limits } from './limits.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Config {
  readonly stateDir: string
  readonly runtimeDir: string
  readonly ssh: Address
  readonly http: Address
  /** Public key files of administrators; empty means the invoking user's own keys, while SSH listens on loopback. */
  readonly adminKeyFiles: readonly string[]
  readonly domain: string
  readonly canonicalBranch: string
  readonly nix: {
    /** `machine`: /nix; `private`: STATE/nix; `auto`: the machine's when this user may write it or reach its daemon. */
    readonly store: 'auto' | 'machine' | 'private'
    /** Store path or directory of a nixpkgs that projects get as `pkgs`; without it they get the host's own tools. */
    readonly packages: string | null
    readonly allowUnsandboxedBuilds: boolean
    /** Hosts from which inputs of a project's flake may come by git over https or ssh. */
    readonly allowedGitHosts: readonly string[]
  }
  readonly trustProjects: boolean
  /** The receiver's own log: STATE/log/hostenv.log, standard error, or standard error with journald's priorities. */
  readonly log: 'file' | 'stderr' | 'journald'
  readonly limits: Limits
}

/** What the command line may say; everything is optional. */
export interface ServeFlags {
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

/** A setting that cannot be used; the message is a whole sentence for the person who typed it. */
export class ConfigError extends Error {}

/** Builds the configuration from flags and environment. Throws ConfigError with one sentence that says what to change. */
export function toConfig(flags: ServeFlags, env: Env): Config {
  const store = flags.nixStore ?? 'auto'
  if (store !== 'auto' && store !== 'machine' && store !== 'private')
    throw new ConfigError(`--nix-store takes auto, machine or private, not '${store}'.`)
  const log = flags.log ?? 'file'
  if (log !== 'file' && log !== 'stderr' && log !== 'journald')
    throw new ConfigError(`--log takes file, stderr or journald, not '${log}'.`)
  const domain = flags.domain ?? 'localhost'
  if (!/^(?=.{1,180}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(domain))
    throw new ConfigError(`--domain takes a host name in lower case (RFC 1123), not '${domain}'.`)
  const config: Config = {
    ...directories(flags, env),
    ssh: address('--ssh', flags.ssh ?? '127.0.0.1:2222'),
    http: address('--http', flags.http ?? '127.0.0.1:8080'),
    adminKeyFiles: (flags.adminKey ?? []).map((file) => resolve(file)),
    domain,
    canonicalBranch: 'main',
    nix: {
      ...{ store, packages: flags.nixpkgs ?? null, allowUnsandboxedBuilds: flags.allowUnsandboxedBuilds ?? false },
      allowedGitHosts: [],
    },
    trustProjects: flags.trustProjects ?? false,
    log,
    limits: defaultLimits,
  }
  if (config.adminKeyFiles.length === 0 && !isLoopback(config.ssh.host))
    throw new ConfigError(
      `SSH on ${config.ssh.host} is reachable by others: name the administrators with --admin-key FILE.pub.`,
    )
  return config
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

function address(flag: string, text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65535) throw new ConfigError(`${flag} takes HOST:PORT (port 0 picks a free one), not '${text}'.`)
  return { host: match[1] ?? match[2] ?? '', port }
}
