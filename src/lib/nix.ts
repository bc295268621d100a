// Nix as the receiver runs it: which store, which features, and wrappers that let no child outlive the receiver.
import type { Accounts } from './build-users.ts'
import type { Command } from './spawn.ts'

export interface NixSettings {
  /** Directory of a private store (`--store DIR`), or null for the machine's own. */
  readonly privateStore: string | null
  readonly version: { readonly major: number; readonly minor: number }
  readonly path: string
  /** An empty home of the receiver's, for Nix's caches. */
  readonly home: string
  readonly root: boolean
  /** The group whose members build in a private store (`build-users-group` of nix.conf(5)); empty: this user builds itself. */
  readonly buildUsersGroup?: string
  /** What Nix sees as /etc/passwd and /etc/group; null: the machine's. */
  readonly accounts?: Accounts | null
  /** What builds see beside the store, as `sandbox-paths` of nix.conf(5) takes it. */
  readonly sandboxPaths: readonly string[]
  /** What no build may write though it sees it; empty where there is no bwrap to see to it. */
  readonly readOnly?: readonly string[]
  readonly sandbox: boolean
  /** The operator's further options of nix.conf(5); what the receiver sets itself wins. */
  readonly options?: Readonly<Record<string, string>>
}

export interface Nix extends NixSettings {
  /** `nix ARGS`, dying with the receiver; `ARGS[0]` may name another program of Nix (`nix-env`). */
  command(args: readonly string[]): Command
  /** The same for what builds nothing: without what only builds need, which takes as long to start as Nix itself. */
  query(args: readonly string[]): Command
  /** The arguments without the wrapper, for callers that bring a sandbox of their own. */
  plain(args: readonly string[]): readonly [string, ...string[]]
  /** Whether there may be somebody to fetch from what is not in the store; if not, it is built. */
  readonly substitutes: boolean
  /** Where a store path really is. */
  realPath(storePath: string): string
  /** The directory that holds the store's files: bound to /nix/store where an environment runs. */
  readonly storeDir: string
}

/** Makes the command builder. Pure: it starts nothing. */
export function makeNix(settings: NixSettings): Nix {
  const { privateStore } = settings
  const plain = (args: readonly string[]): [string, ...string[]] => {
    const legacy = args[0]?.startsWith('nix-') ?? false
    const [program, rest] = legacy ? [args[0] ?? 'nix', args.slice(1)] : ['nix', args]
    return [
      program,
      ...(legacy ? [] : ['--extra-experimental-features', 'nix-command flakes']),
      ...Object.entries(settings.options ?? {}).flatMap(([name, value]) => ['--option', name, value]),
      ...rest,
      ...options(settings),
    ]
  }
  // A cancelled build leaves its scratch folder behind: among the receiver's own, which a start clears.
  const env = { ...nixEnv(settings), TMPDIR: settings.home }
  return {
    ...settings,
    storeDir: privateStore === null ? '/nix/store' : `${privateStore}/nix/store`,
    substitutes: substituters(settings) !== '',
    realPath: (storePath) => (privateStore === null ? storePath : privateStore + storePath),
    plain,
    command: (args) => ({
      argv: [...dieWithParent(settings.root), ...writeProtected(settings), ...plain(args)] as [string, ...string[]],
      env,
    }),
    // The group of build users may be one that only builds see.
    query: (args) => ({ argv: [...mortal, ...plain(args), '--option', 'build-users-group', ''], env }),
  }
}

const mortal = ['setpriv', '--pdeathsig', 'KILL'] as const

/** The whole environment of a Nix process. */
export function nixEnv(settings: Pick<NixSettings, 'path' | 'home'>): Record<string, string> {
  return { PATH: settings.path, HOME: settings.home, LC_ALL: 'C.UTF-8', NIX_CONF_DIR: '/etc/nix', TERM: 'dumb' }
}

/** Arguments that make `link` point to a store path and keep that from the garbage collector (nix-store(1), --add-root). Idempotent. */
export function addRootArgs({ version }: Pick<Nix, 'version'>, link: string, storePath: string): readonly string[] {
  // Before 2.4 a link outside the store's own folder of roots had to be called one.
  const old = version.major === 2 && version.minor < 4
  return ['nix-store', '--realise', storePath, '--add-root', link, ...(old ? ['--indirect'] : [])]
}

function options(settings: NixSettings): string[] {
  const own =
    settings.privateStore === null
      ? []
      : ['--store', settings.privateStore, '--option', 'build-users-group', settings.buildUsersGroup ?? '']
  const sandboxed = settings.sandbox
    ? [
        '--option',
        'sandbox',
        'true',
        '--option',
        'sandbox-fallback',
        'false',
        '--option',
        'sandbox-paths',
        settings.sandboxPaths.join(' '),
      ]
    : ['--option', 'sandbox', 'false']
  const named = 'substituters' in (settings.options ?? {})
  const none = !named && substituters(settings) === ''
  return [...own, ...sandboxed, ...(none ? ['--option', 'substituters', ''] : [])]
}

// A private store has none to ask unless the operator names one, and asking costs seconds where there is no network. Null: the machine's.
function substituters({ options, privateStore }: NixSettings): string | null {
  return options?.substituters ?? (privateStore === null ? null : '')
}

// Nix binds sandbox-paths writable: a build that runs as their owner (as in a private store) could write the host's programs.
// Here they are read-only before Nix sees them. All else, and /proc above all, stays as it is.
function writeProtected({ readOnly = [], accounts = null }: NixSettings): string[] {
  if (readOnly.length === 0) return []
  const etc = accounts === null ? [] : (['passwd', 'group'] as const).map((name) => [accounts[name], `/etc/${name}`])
  const binds = [...readOnly.map((path) => [path, path]), ...etc].flatMap((pair) => ['--ro-bind', ...pair])
  return ['bwrap', '--dev-bind', '/', '/', ...binds, '--']
}

// bwrap's /proc would keep Nix's own build sandbox from mounting one, so builds get a plain pid namespace (unshare(1)).
function dieWithParent(root: boolean): string[] {
  return [
    ...mortal,
    ...['unshare', ...(root ? [] : ['--map-current-user']), '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
  ]
}
