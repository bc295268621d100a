// Folders for a moment, among the receiver's own, where a start clears what a kill left (lib/clear-up.ts).
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Does `work` in an empty folder whose name begins with `name`, and removes it with all that is in it. */
export async function inScratch<T>(stateDir: string, name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const scratch = join(stateDir, 'tmp')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratch, name))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
