// What a Nix that was killed leaves in a private store: folders that builds saw as their root, and lock files. Nix itself removes them
// only at the next collection, or when the same derivation is built again; of cancelled builds that is never.
import { mkdtempSync, readdirSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Nix } from './nix.ts'
import { run } from './spawn.ts'

/** What was left, by name: folders of builds, and locks of store paths, which a Nix that works may hold. */
export function leftInStore({ privateStore, storeDir }: Pick<Nix, 'privateStore' | 'storeDir'>): {
  readonly roots: readonly string[]
  readonly locks: readonly string[]
} {
  if (privateStore === null) return { roots: [], locks: [] }
  const names = listed(storeDir).filter((name) => /^[0-9a-z]{32}-/.test(name))
  return {
    roots: names.filter((name) => name.endsWith('.drv.chroot')),
    locks: names.filter((name) => name.endsWith('.lock')),
  }
}

/**
 * Removes it from a private store. No build may run there when it is called; one that begins before it resolves is not disturbed,
 * nor is a Nix that adds a path meanwhile. What cannot be removed stays for Nix's own collection: it never throws.
 */
export async function clearStore(nix: Pick<Nix, 'privateStore' | 'storeDir' | 'home' | 'path'>): Promise<void> {
  const { roots } = leftInStore(nix)
  // In one breath with the look, so that no build can have begun.
  const scratch = roots.length === 0 ? null : setAside(nix, roots)
  if (scratch !== null) {
    await run({ argv: ['chmod', '-R', 'u+rwX', scratch], env: { PATH: nix.path } }).catch(() => undefined)
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined)
  }
  await clearLocks(nix)
}

/** Removes only the locks that nobody holds, whatever runs in the store meanwhile. Never throws. */
export async function clearLocks(nix: Pick<Nix, 'privateStore' | 'storeDir' | 'path'>): Promise<void> {
  for (const name of leftInStore(nix).locks) await clearLock(join(nix.storeDir, name), nix.path)
}

// Among the scratch folders of Nix, so that a start clears what a crash leaves of it. Null on another file system.
function setAside({ home, storeDir }: Pick<Nix, 'home' | 'storeDir'>, names: readonly string[]): string | null {
  try {
    const scratch = mkdtempSync(join(home, 'nix-build-left-'))
    for (const name of names) renameSync(join(storeDir, name), join(scratch, name))
    return scratch
  } catch {
    return null
  }
}

// One that was just killed may hold it for a moment yet. As Nix does it (pathlocks.cc): who gets the lock of a file that is not empty knows that it is to go, and makes another.
async function clearLock(file: string, path: string): Promise<void> {
  const argv = ['flock', '--wait', '1', '--no-fork', file, 'truncate', '--size=1', '--no-create', file] as const
  const ran = await run({ argv: [...argv], env: { PATH: path } }).catch(() => null)
  if (ran?.code === 0) await rm(file, { force: true }).catch(() => undefined)
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
