// Hashes of trees in the store. A tree's path follows from its hash, so what was asked once holds.
import type { Nix } from '../lib/nix.ts'
import { mustRun } from '../lib/spawn.ts'

/** So many are remembered; those that were not asked for the longest go first. */
const most = 1000

const known = new Map<string, string>()

/** The hashes of store paths (`sha256:` and base 32, as `nix-store --query --hash` says them), in their order. */
export async function treeHashes(nix: Nix, paths: readonly string[]): Promise<string[]> {
  const missing = paths.filter((path) => !known.has(path))
  if (missing.length > 0) {
    const said = (await mustRun(nix.command(['nix-store', '--query', '--hash', ...missing]))).split('\n')
    for (const [index, path] of missing.entries()) known.set(path, said[index] ?? '')
  }
  return paths.map((path) => {
    const hash = known.get(path) ?? ''
    known.delete(path)
    known.set(path, hash)
    for (const oldest of known.keys()) {
      if (known.size <= most) break
      known.delete(oldest)
    }
    return hash
  })
}
