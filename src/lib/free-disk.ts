// How much room is left on the disks that the receiver writes to.
import { statfs } from 'node:fs/promises'

/** Bytes that an unprivileged user may still write where `paths` are; the least of them (statfs(2)). */
export async function freeDisk(paths: readonly string[]): Promise<number> {
  const free = await Promise.all(
    paths.map(async (path) => {
      const { bavail, bsize } = await statfs(path)
      return bavail * bsize
    }),
  )
  return Math.min(...free)
}
