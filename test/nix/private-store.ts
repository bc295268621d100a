// A private Nix store in a temporary directory, and the receiver's own way of evaluating and building in it.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { mustRun, type Ran, run } from '../../src/lib/spawn.ts'
import { defaultLib, type Lib } from './libs.ts'

export const repository = fileURLToPath(new URL('../..', import.meta.url))
export const fixture = (name: string): string => join(repository, 'fixtures', name)

type Select =
  | { readonly ref: string }
  | { readonly key: string; readonly extends?: string; readonly schedules?: readonly string[] }
type Files = Readonly<Record<string, string>>

export interface Answer {
  readonly environments: Record<string, Record<string, unknown>>
  readonly defaultEnvironment: string | null
  readonly warnings: string[]
  readonly selected: Record<string, { drvPath: string; out: string }>
}

export interface Store {
  /** Physical root; the store is at `ROOT/nix/store`. */
  readonly root: string
  /** A temporary directory of the test, with a path short enough for sockets. */
  readonly directory: string
  /** Adds a project: a copy of `base`, `files` written over it, and the folder `overlay` copied over that. */
  project(base: string | null, files?: Files, overlay?: string): Promise<string>
  add(directory: string): Promise<string>
  evaluate(source: string, select: Select | Record<string, never>, site?: object): Promise<Answer>
  failure(source: string, select: Select, site?: object): Promise<string>
  nix(expression: string): Promise<Ran>
  build(drvPath: string): Promise<Ran>
  /** Evaluates and builds; answers the logical path of the package. */
  package(source: string, select: Select, site?: object): Promise<string>
  real(path: string): string
}

export const site = {
  system: `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch}-linux`,
  organisation: 'acme',
  project: 'shop',
  domain: 'localhost',
  runtimeRoot: '/run/hostenv',
  stateRoot: '/var/lib/hostenv',
  hostPrograms: {
    ...{ node: process.execPath, python3: '/usr/bin/python3', socat: '/usr/bin/socat', ip: '/usr/sbin/ip' },
  },
  packages: null,
}

/** Makes a store that is removed when the test ends. What it evaluates uses `lib`, unless `site.packages` says otherwise. */
export function privateStore(t: Test, lib: Lib = defaultLib): Store {
  const directory = mkdtempSync(join(tmpdir(), 'hn-'))
  const root = join(directory, 'store')
  const env = { PATH: '/usr/bin:/bin', HOME: join(directory, 'home'), NIX_CONF_DIR: join(directory, 'none') }
  const nix = (...args: string[]): [string, ...string[]] => [
    'nix',
    ...['--extra-experimental-features', 'nix-command flakes', '--store', root, '--option', 'substituters', ''],
    ...['--option', 'build-users-group', '', ...args],
  ]
  let count = 0
  let library: Promise<string> | undefined
  let theirs: Promise<string> | undefined
  t.teardown(async () => {
    await run({ argv: ['chmod', '-R', 'u+w', directory], env })
    rmSync(directory, { recursive: true, force: true })
  })

  // Only a path named `source` is used in place by an input.
  async function add(from: string): Promise<string> {
    const copy = join(directory, `add-${++count}`, 'source')
    cpSync(from, copy, { recursive: true })
    return await mustRun({ argv: ['nix-store', '--store', root, '--add', copy], env })
  }

  // Only the lib, as nix-community/nixpkgs.lib is laid out: of a whole nixpkgs the packages would be used as well.
  async function addLib(): Promise<string> {
    const tree = join(directory, 'nixpkgs')
    cpSync(lib.folder, join(tree, 'lib'), { recursive: true, dereference: true })
    return await add(tree)
  }

  async function wrapper(source: string, select: object, override: object): Promise<string> {
    library ??= add(join(repository, 'nix'))
    const wrap = join(directory, `wrap-${++count}`)
    if (lib.name !== 'own') theirs ??= addLib()
    const { packages, ...rest } = { ...site, packages: (await theirs) ?? null, ...override }
    const inputs = { library: await library, project: source, ...(packages === null ? {} : { packages }) }
    const lines = Object.entries(inputs).map(
      ([name, path]) => `inputs.${name} = { type = "path"; path = "${path}"; flake = false; };`,
    )
    mkdirSync(wrap)
    writeFileSync(join(wrap, 'site.json'), JSON.stringify({ site: rest, select }))
    writeFileSync(
      join(wrap, 'flake.nix'),
      `{ ${lines.join('\n  ')}
  outputs = { library, project, ... }@inputs: let asked = builtins.fromJSON (builtins.readFile ./site.json); in {
    answer = import "\${library}/receive.nix" {
      project = project.outPath; inherit (asked) select;
      site = asked.site // { packages = inputs.packages or null; }; revision = "${'0'.repeat(40)}";
    };
  }; }`,
    )
    return wrap
  }

  async function ask(source: string, select: object, override: object): Promise<Ran> {
    const wrap = await wrapper(source, select, override)
    return await run({ argv: nix('eval', '--json', '--no-write-lock-file', `path:${wrap}#answer`), env })
  }

  const store: Store = {
    root,
    directory,
    add,
    real: (path) => join(root, path),
    async project(base, files = {}, overlay) {
      const tree = join(directory, `project-${++count}`)
      mkdirSync(tree)
      if (base !== null) cpSync(base, tree, { recursive: true })
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(tree, name)), { recursive: true })
        writeFileSync(join(tree, name), text)
      }
      if (overlay !== undefined) cpSync(overlay, tree, { recursive: true })
      return await add(tree)
    },
    async evaluate(source, select, override = {}) {
      const ran = await ask(source, select, override)
      if (ran.code !== 0) throw new Error(ran.stderr)
      return JSON.parse(ran.stdout)
    },
    async failure(source, select, override = {}) {
      const ran = await ask(source, select, override)
      if (ran.code === 0) throw new Error(`evaluates: ${ran.stdout}`)
      return ran.stderr.replaceAll(`${store.real(source)}/`, '').replaceAll(`${source}/`, '')
    },
    nix: (expression) => run({ argv: nix('eval', '--json', '--impure', '--expr', expression), env }),
    build: (drvPath) =>
      run({
        argv: nix(
          ...['build', '--no-link', '-L', '--option', 'sandbox', 'true', '--option', 'sandbox-paths'],
          '/bin/sh=/usr/bin/busybox /usr /lib /lib64',
          drvPath,
        ),
        env,
      }),
    async package(source, select, override) {
      const [selected] = Object.values((await store.evaluate(source, select, override)).selected)
      if (!selected) throw new Error(`nothing is selected by ${JSON.stringify(select)}`)
      const built = await store.build(selected.drvPath)
      if (built.code !== 0) throw new Error(built.stderr)
      return selected.out
    },
  }
  return store
}
