// A push is refused before a byte of it is taken when there is no room for what follows from it.
import { freeDisk } from '../lib/free-disk.ts'
import { Refused } from '../records.ts'

/**
 * Throws Refused when less than `least` bytes are free on one of the disks.
 * @param paths directories on the disks that a deploy writes to
 */
export async function enoughDisk(paths: readonly string[], least: number): Promise<void> {
  const free = await freeDisk(paths)
  if (free >= least) return
  throw new Refused(
    `the receiver has ${mebibytes(free)} MiB of disk left and takes pushes from ${mebibytes(least)} MiB on`,
    {
      help: ['Its operator has to make room (or lower limits.freeDiskBytes); then push again.'],
    },
  )
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2)
}
