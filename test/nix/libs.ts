// The libraries that every test of nix/ is run on: our own, and nixpkgs' where HOSTENV_NIXPKGS_LIB names one. Its value is the
// root of nixpkgs or of nix-community/nixpkgs.lib, or the `lib` folder in it.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { privateStore, repository, type Store } from './private-store.ts'

export interface Lib {
  readonly name: 'own' | 'nixpkgs'
  /** Its `lib` folder: `import FOLDER` is the library. */
  readonly folder: string
  /** False, or why it cannot be asked here: what `skip` of a test takes. */
  readonly skip: false | string
}

export const libs: readonly Lib[] = [
  { name: 'own', folder: join(repository, 'nix/lib'), skip: false },
  nixpkgs(process.env.HOSTENV_NIXPKGS_LIB),
]

/**
 * Runs `body` once for each library, as a subtest of its name, with a private store whose `evaluate` and `failure` use that
 * library: by `site.packages`, as an operator chooses it.
 */
export function onEveryLib(t: Test, body: (t: Test, store: Store, lib: Lib) => Promise<void>): void {
  for (const lib of libs)
    t.test(`with ${lib.name === 'own' ? "hostenv's own" : "nixpkgs'"} lib`, { skip: lib.skip }, async (t) => {
      const store = privateStore(t)
      if (lib.name === 'own') return await body(t, store, lib)
      const packages = await addTree(store, lib)
      const chosen = (override: object = {}) => ({ packages, ...override })
      await body(
        t,
        {
          ...store,
          evaluate: (source, select, override) => store.evaluate(source, select, chosen(override)),
          failure: (source, select, override) => store.failure(source, select, chosen(override)),
          package: (source, select, override) => store.package(source, select, chosen(override)),
        },
        lib,
      )
    })
}

function nixpkgs(said: string | undefined): Lib {
  const name = 'nixpkgs'
  if (said === undefined || said === '')
    return { name, folder: '', skip: 'HOSTENV_NIXPKGS_LIB does not name a nixpkgs lib' }
  const folder = [join(said, 'lib'), said]
    .map((path) => resolve(path))
    .find((path) => existsSync(join(path, 'modules.nix')))
  if (folder === undefined) throw new Error(`HOSTENV_NIXPKGS_LIB: ${said} has no lib/modules.nix`)
  return { name, folder, skip: false }
}

// Only the lib, as nix-community/nixpkgs.lib is laid out: of a whole nixpkgs the packages would be used as well.
async function addTree(store: Store, lib: Lib): Promise<string> {
  const tree = mkdtempSync(join(tmpdir(), 'hn-lib-'))
  try {
    cpSync(lib.folder, join(tree, 'lib'), { recursive: true, dereference: true })
    return await store.add(tree)
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}
