// A small disk in the place of a directory, which can be filled and emptied.
import { cpSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'

export interface SmallDisk {
  /** Fills it up to so many bytes. */
  fill(left: number): void
  /** Makes all of that free again. */
  empty(): void
  free(): number
  /** The directory is as it was before, with what is in it now. */
  unmount(): Promise<void>
}

/** Mounts it over `directory`, with what is in there. `size` in bytes. Only in a mount namespace of one's own. */
export async function smallDisk(directory: string, size: number): Promise<SmallDisk> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const kept = mkdtempSync(join(tmpdir(), 'k-'))
  const env = cleanEnv(kept)
  const copy = (from: string, to: string) => cpSync(from, to, { recursive: true, verbatimSymlinks: true })
  copy(directory, kept)
  await mustRun({ argv: ['mount', '-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', directory], env })
  copy(kept, directory)
  rmSync(kept, { recursive: true, force: true })
  const ballast = join(directory, 'ballast')
  const free = () => {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  }
  return {
    free,
    fill: (left) => {
      // A write that does not fit ends with what did.
      for (let rest = free() - left; rest > 0; rest = free() - left) {
        try {
          writeFileSync(ballast, Buffer.alloc(Math.min(rest, 2 ** 20), 1), { flag: 'a' })
        } catch {
          return
        }
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount: async () => void (await mustRun({ argv: ['umount', '--lazy', directory], env })),
  }
}
