// bwrap(1) argument lists: what evaluation, activation, checks and services may see. Pure; nothing is started here.
import { lstatSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'

/** What every sandbox shares; found once, at start. */
export interface SandboxHost {
  /** Arguments that show the host's programs, read-only. */
  readonly base: readonly string[]
  /** Directory with a `passwd` and a `group` that name nobody of this machine. */
  readonly accountsDir: string
}

/** The uid and gid that projects have inside their sandbox, whoever the receiver is. */
export const sandboxUid = 1000

// Named file by file: beside the certificates lie private keys, and a receiver that runs as root could show them.
const etc = [
  'alternatives',
  'ca-certificates',
  'hosts',
  'localtime',
  'nsswitch.conf',
  'pki/ca-trust',
  'pki/tls/cert.pem',
  'pki/tls/certs',
  'protocols',
  'resolv.conf',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
]

/**
 * The host's programs: /usr and its aliases, a few files of /etc, and `programs` that live elsewhere.
 * @param programs absolute paths of programs outside /usr that projects may run
 */
export function sandboxHost(accountsDir: string, programs: readonly string[]): SandboxHost {
  const base = ['--ro-bind', '/usr', '/usr']
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) base.push(...alias(`/${name}`))
  for (const name of etc) base.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`)
  base.push('--ro-bind', `${accountsDir}/passwd`, '/etc/passwd', '--ro-bind', `${accountsDir}/group`, '/etc/group')
  // Whoever is root outside may write /proc/sys whatever the capabilities: read-only is what keeps the kernel's settings.
  base.push('--proc', '/proc', '--remount-ro', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/home')
  for (const program of programs)
    if (!program.startsWith('/usr/') && !program.startsWith('/nix/')) base.push('--ro-bind', program, program)
  return { base, accountsDir }
}

/** Text of the two files in `accountsDir` (passwd(5), group(5)). */
export const accounts = {
  passwd: `hostenv:x:${sandboxUid}:${sandboxUid}::/:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n`,
  group: `hostenv:x:${sandboxUid}:\nnogroup:x:65534:\n`,
}

export interface EvaluationSandbox {
  /** Null: no bwrap, only limits. */
  readonly host: SandboxHost | null
  /** Directory of a private store, or null for /nix. */
  readonly privateStore: string | null
  /** Bytes of address space. */
  readonly memory: number
  /** Processes and threads at once. */
  readonly processes: number
}

/** Prefix of a command that evaluates pushed code: the store and an empty home; no network, no build logs, nothing else. */
export function evaluationSandbox(s: EvaluationSandbox): string[] {
  const store = s.privateStore ?? '/nix'
  const logs = `${s.privateStore ?? ''}/nix/var/log`
  const limits = ['prlimit', `--as=${s.memory}`, '--core=0', '--']
  if (s.host === null) return [...limits, 'setpriv', '--pdeathsig', 'KILL', 'env', 'HOME=/nonexistent']
  return [
    ...limits,
    ...['bwrap', '--die-with-parent', '--unshare-user', '--unshare-all', '--new-session'],
    // Nix asks for the name of its user, and `accounts` has one.
    ...['--uid', String(sandboxUid), '--gid', String(sandboxUid)],
    ...s.host.base,
    ...['--bind', store, store, '--tmpfs', logs, '--remount-ro', '/', '--chdir', '/home', '--'],
    // Set inside, where only what runs there counts.
    ...['prlimit', `--nproc=${s.processes}`, '--'],
  ]
}

/** Limits of an environment's processes (setrlimit(2)). */
export interface ProcessLimits {
  /** Processes and threads of the environment at once (RLIMIT_NPROC; the kernel does not hold root to it). */
  readonly processes: number
  /** Bytes of private memory of each process (RLIMIT_DATA): unlike the address space, what is only reserved does not count. */
  readonly memory: number
}

/** Prefix of a command that runs within limits. Inside a user namespace only the processes in there count. */
export function limited({ processes, memory }: ProcessLimits): string[] {
  return ['prlimit', `--nproc=${processes}`, `--data=${memory}`, '--core=0', '--']
}

export interface EnvironmentSandbox {
  readonly host: SandboxHost
  readonly storeDir: string
  /** Directories that the environment may write: its own, and nothing else. */
  readonly directories: readonly string[]
  readonly chdir: string
  readonly limits: ProcessLimits
  /** True for what must end with the receiver; false for services. */
  readonly dieWithParent: boolean
  /** A descriptor that stays open as long as anything runs inside, and that nothing inside gets (a lock). */
  readonly holds?: number
}

/** Prefix of a command that runs as an environment: store read-only, its own directories, the host's network. */
export function environmentSandbox(s: EnvironmentSandbox): string[] {
  return [
    'bwrap',
    ...(s.dieWithParent ? ['--die-with-parent'] : ['--as-pid-1']),
    ...(s.holds === undefined ? [] : ['--sync-fd', String(s.holds)]),
    ...['--unshare-user', '--uid', String(sandboxUid), '--gid', String(sandboxUid)],
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--new-session'],
    ...s.host.base,
    ...['--ro-bind', s.storeDir, '/nix/store'],
    ...s.directories.flatMap((directory) => ['--bind', directory, directory]),
    ...['--remount-ro', '/', '--chdir', s.chdir, '--'],
    ...limited(s.limits),
  ]
}

function alias(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (!found) return []
  if (!found.isSymbolicLink()) return ['--ro-bind', path, path]
  const target = readlinkSync(path)
  return dirname(path) === '/' ? ['--symlink', target, path] : []
}
