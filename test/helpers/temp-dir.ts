// Temporary directories with short paths (sockets are limited to 107 bytes) that go away with the test, read-only store paths included.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/lib/spawn.ts'

/** What of a test is used here: `t` of tap, or anything else that ends. */
export interface Ending {
  teardown(what: () => unknown): unknown
}

/** Makes a directory that is removed when the test ends, however it ends. */
export function tempDir(t: Ending, prefix = 'd'): string {
  const directory = mkdtempSync(join(tmpdir(), `${prefix}-`))
  t.teardown(() => removeTree(directory))
  return directory
}

/** Removes a tree even where its directories are read-only, as in a Nix store. Fine when there is none. */
export async function removeTree(directory: string): Promise<void> {
  if (!existsSync(directory)) return
  await run({ argv: ['chmod', '-R', 'u+rwX', directory], env: { PATH: process.env.PATH ?? '/usr/bin:/bin' } })
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}
