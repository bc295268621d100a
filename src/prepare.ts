// What a receiver needs before it takes its first push: directories, keys, Nix with its store and library, the sandbox.
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canary } from './build/canary.ts'
import { type Config, ConfigError } from './config/config.ts'
import { discover, type Machine, storeIsPrivate } from './config/discover.ts'
import type { Env } from './config/env.ts'
import { buildUsersGroup, writeBuildUsers } from './lib/build-users.ts'
import { addRootArgs, makeNix, type Nix } from './lib/nix.ts'
import { accounts, type SandboxHost, sandboxHost } from './lib/sandbox.ts'
import { mustRun } from './lib/spawn.ts'
import type { Site } from './resolve/evaluate.ts'
import { generateHostKey, publicHalf } from './transport/key.ts'

export interface Prepared {
  readonly machine: Machine
  readonly nix: Nix
  readonly sandbox: SandboxHost | null
  readonly site: Site
  /** Store path of the library that projects are evaluated with. */
  readonly library: string
  /** Whether a build was seen to be unable to see the host. */
  readonly buildsAreSandboxed: boolean
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string; readonly fingerprint: string }
}

/** The folder of this package: where hooks/ and nix/ are, whether run from source or from dist/. */
export const packageDir = join(import.meta.dirname, '..')

/** Makes the directories of state and sockets, readable by this user alone. */
export function makeStateDirectories(config: Pick<Config, 'stateDir' | 'runtimeDir'>): void {
  for (const name of ['', 'env', 'repos', 'incoming', 'roots', 'tmp', 'home', 'sandbox', 'log/deploys'])
    mkdirSync(join(config.stateDir, name), { recursive: true, mode: 0o700 })
  for (const name of ['', 'user', 'upstream', 'door'])
    mkdirSync(join(config.runtimeDir, name), { recursive: true, mode: 0o700 })
  chmodSync(config.stateDir, 0o700)
  chmodSync(config.runtimeDir, 0o700)
}

/** Prepares everything that does not listen yet; `seen` is more of the host that builds see. Throws ConfigError with one sentence for the operator. */
export async function prepare(config: Config, env: Env, seen: readonly string[] = []): Promise<Prepared> {
  const machine = await discover(env.path)
  makeStateDirectories(config)
  const sandbox = prepareSandbox(config, machine)
  const nix = prepareNix(config, env, machine, seen)
  if (sandbox === null && nix.privateStore !== null)
    throw new ConfigError('A private Nix store needs bwrap: install bubblewrap, or use --nix-store machine.')
  const site: Site = {
    ...{ system: machine.system, domain: config.domain, hostPrograms: machine.hostPrograms },
    ...{ runtimeRoot: config.runtimeDir, stateRoot: config.stateDir },
    packages: config.nix.packages === null ? null : await addPath(nix, config.nix.packages),
  }
  const adding = addPath(nix, join(packageDir, 'nix')).then(async (path) => {
    await keep(config, nix, 'library', path)
    return path
  })
  // The first command of a store makes it, and two at once stumble over each other's folders.
  if (!existsSync(`${nix.privateStore ?? ''}/nix/var/nix/db/schema`)) await adding
  // Side by side: each is little more than the start of a Nix, and together they are most of a start.
  const [library, buildsAreSandboxed] = await Promise.all([adding, tryCanary(config, nix, machine)])
  if (site.packages !== null && existsSync(nix.realPath(site.packages)))
    await keep(config, nix, 'packages', site.packages)
  return { machine, nix, sandbox, site, library, buildsAreSandboxed, hostKey: hostKey(config) }
}

/** The Nix of a state directory, for commands that start nothing else. */
export function prepareNix(
  config: Pick<Config, 'nix' | 'stateDir'>,
  env: Env,
  machine: Machine,
  seen: readonly string[] = [],
): Nix {
  return makeNix({
    privateStore: storeIsPrivate(config, machine) ? join(config.stateDir, 'nix') : null,
    version: machine.nixVersion,
    path: env.path,
    home: join(config.stateDir, 'home'),
    root: machine.root,
    sandbox: true,
    sandboxPaths: [...sandboxPaths(machine), ...seen],
    options: config.nix.options,
    readOnly: machine.bwrap ? readOnly(machine) : [],
    ...buildUsers(config, machine),
  })
}

// Nix builds as users of its own where it can: the machine's, or such as only it sees.
function buildUsers({ stateDir }: Pick<Config, 'stateDir'>, { root, bwrap, buildUsersGroup: group }: Machine) {
  if (group !== '' || !root || !bwrap) return { buildUsersGroup: group }
  return { buildUsersGroup, accounts: writeBuildUsers(join(stateDir, 'sandbox')) }
}

function prepareSandbox(config: Config, machine: Machine): SandboxHost | null {
  if (!machine.bwrap) {
    if (config.host.trustProjects) return null
    throw new ConfigError(
      'bwrap is not installed, so projects could read everything of this user: apt install bubblewrap, or --trust-projects.',
    )
  }
  const folder = join(config.stateDir, 'sandbox')
  writeFileSync(join(folder, 'passwd'), accounts.passwd)
  writeFileSync(join(folder, 'group'), accounts.group)
  return sandboxHost(folder, [machine.hostPrograms.node ?? process.execPath])
}

// Builds see the host's programs, because projects without nixpkgs build with them; nothing of a home or of the state.
function sandboxPaths(machine: Machine): string[] {
  const shell = machine.hostPrograms.busybox
  const node = machine.hostPrograms.node
  return [
    ...(shell ? [`/bin/sh=${shell}`] : []),
    ...['/usr', '/lib', '/lib64'].filter((path) => existsSync(path)),
    ...(node && !node.startsWith('/usr/') ? [node] : []),
  ]
}

// The same as real directories: /lib is a link into /usr on most systems.
function readOnly(machine: Machine): string[] {
  const sources = sandboxPaths(machine).map((path) => realpathSync(path.slice(path.indexOf('=') + 1)))
  const outside = sources.filter((path) => path !== '/usr' && !path.startsWith('/usr/'))
  return [...(existsSync('/usr') ? ['/usr'] : []), ...new Set(outside)]
}

async function tryCanary(config: Config, nix: Nix, machine: Machine): Promise<boolean> {
  const result = await canary(nix, machine.system)
  if (result.kind === 'failed') throw new ConfigError(`Nix cannot build in its sandbox on this machine: ${result.why}`)
  return result.kind === 'hidden' || config.nix.allowUnsandboxedBuilds
}

// Roots what every evaluation reads against the garbage collector.
async function keep(config: Config, nix: Nix, name: string, path: string): Promise<void> {
  await mustRun(nix.query(addRootArgs(nix, join(config.stateDir, 'roots', name), path)))
}

// Evaluation asks for a tree by its hash, so it has to be in the store by its contents, under the name `source`.
async function addPath(nix: Nix, path: string): Promise<string> {
  if (/^\/nix\/store\/[^/]+-source$/.test(path) && existsSync(nix.realPath(path))) return path
  return (await mustRun(nix.query(['store', 'add-path', '--name', 'source', path]))).trim()
}

function hostKey(config: Config): Prepared['hostKey'] {
  const file = join(config.stateDir, 'ssh_host_ed25519_key')
  if (!existsSync(file)) {
    const made = generateHostKey()
    writeFileSync(file, made.privateKey, { mode: 0o600 })
    writeFileSync(`${file}.pub`, `${made.publicKey}\n`, { mode: 0o644 })
  }
  const privateKey = readFileSync(file, 'utf8')
  return { privateKey, ...publicHalf(privateKey) }
}
