// What this machine has: the versions and programs that the receiver stands on, each missing one named with its remedy.
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { run } from '../lib/spawn.ts'
import { type Config, ConfigError } from './config.ts'

export interface Machine {
  readonly nixVersion: { readonly major: number; readonly minor: number }
  /** Nix's name of it: `x86_64-linux`. */
  readonly system: string
  /** Program name → absolute path, for every program of /usr and the PATH and the Node that runs this. */
  readonly hostPrograms: Readonly<Record<string, string>>
  readonly bwrap: boolean
  readonly root: boolean
  /** Nix's build users, where this user is root and the machine has some (group(5)); else empty. */
  readonly buildUsersGroup: string
}

/** Looks at the machine. Throws ConfigError that names what is missing and how to get it. */
export async function discover(path: string): Promise<Machine> {
  const onPath = path.split(':').filter((directory) => directory.startsWith('/'))
  const reachable = programsIn(onPath)
  // What is in /usr is preferred for projects: sandboxes show that.
  const programs = programsIn([...postgresql(), '/usr/bin', '/usr/sbin', ...onPath])
  const hint: Record<string, string> = {
    ...{
      git: 'git',
      'nix-env': 'nix-bin',
      nix: 'nix-bin',
      's6-svscan': 's6',
      setpriv: 'util-linux',
      unshare: 'util-linux',
    },
    ...{ flock: 'util-linux', prlimit: 'util-linux', tar: 'tar' },
  }
  for (const [program, packageName] of Object.entries(hint))
    if (reachable[program] === undefined)
      throw new ConfigError(`${program} is not installed: on Debian and Ubuntu, apt install ${packageName}.`)
  const [git, nix] = await Promise.all([version(path, ['git', '--version']), version(path, ['nix', '--version'])])
  if (git.major < 2 || (git.major === 2 && git.minor < 39))
    throw new ConfigError(`git ${git.major}.${git.minor} is too old: 2.39 or newer is needed.`)
  if (nix.major < 2 || (nix.major === 2 && nix.minor < 8))
    throw new ConfigError(`Nix ${nix.major}.${nix.minor} is too old: 2.8 or newer is needed.`)
  return {
    nixVersion: nix,
    system: `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64'] ?? process.arch}-linux`,
    hostPrograms: { ...programs, node: programs.node?.startsWith('/usr/') ? programs.node : process.execPath },
    bwrap: reachable.bwrap !== undefined,
    root: userInfo().uid === 0,
    buildUsersGroup: userInfo().uid === 0 && hasBuildUsers() ? 'nixbld' : '',
  }
}

// A build that runs as root may write the kernel's settings in /proc/sys, sandbox or not.
function hasBuildUsers(): boolean {
  const groups = existsSync('/etc/group') ? readFileSync('/etc/group', 'utf8') : ''
  return /^nixbld:[^:]*:\d+:.+$/m.test(groups)
}

/** Whether the machine's own store can be used by this user: written, or through its daemon. */
export function storeIsPrivate(config: Pick<Config, 'nix'>, machine: Pick<Machine, 'root'>): boolean {
  if (config.nix.store !== 'auto') return config.nix.store === 'private'
  const daemon = '/nix/var/nix/daemon-socket/socket'
  return !(
    may('/nix/var/nix/db', constants.W_OK) ||
    (machine.root && existsSync('/nix/store')) ||
    may(daemon, constants.W_OK)
  )
}

// Debian has them in a directory for each version, and only wrappers that read its /etc in /usr/bin. The newest one's.
function postgresql(): string[] {
  const versions = list('/usr/lib/postgresql').filter((name) => /^\d+$/.test(name))
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`)
}

// The first directory wins.
function programsIn(directories: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const directory of directories)
    for (const name of list(directory))
      if (/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name)) found[name] ??= join(directory, name)
  return found
}

async function version(path: string, argv: [string, ...string[]]): Promise<{ major: number; minor: number }> {
  const { stdout } = await run({ argv, env: { PATH: path, HOME: '/nonexistent' } })
  const match = /(\d+)\.(\d+)/.exec(stdout)
  if (!match) throw new ConfigError(`${argv.join(' ')} prints no version.`)
  return { major: Number(match[1]), minor: Number(match[2]) }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function may(file: string, mode: number): boolean {
  try {
    accessSync(file, mode)
    return true
  } catch {
    return false
  }
}
