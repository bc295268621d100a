// Nix as the receiver runs it: which store, which features, and wrappers that let no child outlive the receiver.
import type { Command } from './spawn.ts'

export interface NixSettings {
  /** Directory of a private store (`--store DIR`), or null for the machine's own. */
  readonly privateStore: string | null
  readonly version: { readonly major: number; readonly minor: number }
  readonly path: string
  /** An empty home of the receiver's, for Nix's caches. */
  readonly home: string
  readonly root: boolean
  /** What builds see beside the store, as `sandbox-paths` of nix.conf(5) takes it. */
  readonly sandboxPaths: readonly string[]
  readonly sandbox: boolean
}

export interface Nix extends NixSettings {
  /** `nix ARGS`, dying with the receiver; `ARGS[0]` may name another program of Nix (`nix-env`). */
  command(args: readonly string[]): Command
  /** The arguments without the wrapper, for callers that bring a sandbox of their own. */
  plain(args: readonly string[]): readonly [string, ...string[]]
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
      ...rest,
      ...options(settings),
    ]
  }
  return {
    ...settings,
    storeDir: privateStore === null ? '/nix/store' : `${privateStore}/nix/store`,
    realPath: (storePath) => (privateStore === null ? storePath : privateStore + storePath),
    plain,
    command: (args) => ({
      argv: [...dieWithParent(settings.root), ...plain(args)] as [string, ...string[]],
      env: nixEnv(settings),
    }),
  }
}

/** The whole environment of a Nix process. */
export function nixEnv(settings: Pick<NixSettings, 'path' | 'home'>): Record<string, string> {
  return { PATH: settings.path, HOME: settings.home, LC_ALL: 'C.UTF-8', NIX_CONF_DIR: '/etc/nix', TERM: 'dumb' }
}

function options(settings: NixSettings): string[] {
  const own =
    settings.privateStore === null ? [] : ['--store', settings.privateStore, '--option', 'build-users-group', '']
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
  // A private store has no substituter to ask, and asking costs seconds where there is no network.
  return [...own, ...sandboxed, ...(settings.privateStore === null ? [] : ['--option', 'substituters', ''])]
}

// bwrap's /proc would keep Nix's own build sandbox from mounting one, so builds get a plain pid namespace (unshare(1)).
function dieWithParent(root: boolean): string[] {
  return [
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...['unshare', ...(root ? [] : ['--map-current-user']), '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
  ]
}
