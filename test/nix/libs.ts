// The libraries that every test of nix/ is run on: our own, and nixpkgs' where HOSTENV_NIXPKGS_LIB names one. Its value is the
// root of nixpkgs or of nix-community/nixpkgs.lib, or the `lib` folder in it.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { privateStore, type Store } from './private-store.ts'

export interface Lib {
  readonly name: 'own' | 'nixpkgs'
  /** Its `lib` folder: `import FOLDER` is the library. */
  readonly folder: string
  /** False, or why it cannot be asked here: what `skip` of a test takes. */
  readonly skip: false | string
}

const own: Lib = { name: 'own', folder: fileURLToPath(new URL('../../nix/lib', import.meta.url)), skip: false }
export const libs: readonly Lib[] = [own, nixpkgs(process.env.HOSTENV_NIXPKGS_LIB)]

/** The library of a store that is not told which: our own, unless nixpkgs.test.ts runs a whole file once more. */
export const defaultLib = libs.find(({ name }) => name === process.env.HOSTENV_TEST_LIB) ?? own

/**
 * Runs `body` once for each library, as a subtest of its name, with a private store whose `evaluate` and `failure` use that
 * library: by `site.packages`, as an operator chooses it.
 */
export function onEveryLib(t: Test, body: (t: Test, store: Store, lib: Lib) => Promise<void>): void {
  for (const lib of libs)
    t.test(`with ${lib.name === 'own' ? "hostenv's own" : "nixpkgs'"} lib`, { skip: lib.skip }, (t) =>
      body(t, privateStore(t, lib), lib),
    )
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
