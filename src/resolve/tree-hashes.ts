// Hashes of trees in the store. A tree's path follows from its hash, so what was known once holds.
import type { Nix } from '../lib/nix.ts'
import { mustRun } from '../lib/spawn.ts'
import { sriHash } from '../lib/store-path.ts'

/** So many are remembered; those that were not asked for the longest go first. */
const most = 1000

const known = new Map<string, string>()

/** The hashes of store paths (`sha256-` and base64), in their order. */
export async function treeHashes(nix: Nix, paths: readonly string[]): Promise<string[]> {
  const missing = paths.filter((path) => !known.has(path))
  if (missing.length > 0) {
    const said = (await mustRun(nix.query(['nix-store', '--query', '--hash', ...missing]))).split('\n')
    for (const [index, path] of missing.entries()) rememberHash(path, sriHash(said[index] ?? ''))
  }
  return paths.map((path) => {
    const hash = known.get(path) ?? ''
    rememberHash(path, hash)
    return hash
  })
}

/** Notes the hash of a tree. `path` must be the store path that follows from it. */
export function rememberHash(path: string, hash: string): void {
  known.delete(path)
  known.set(path, hash)
  const [oldest] = known.keys()
  if (known.size > most && oldest !== undefined) known.delete(oldest)
}
