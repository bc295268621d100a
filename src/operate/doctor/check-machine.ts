// The machine under the receiver: versions, free space, and whether the state directory is this user's alone.
import { existsSync, statfsSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { byteSize } from '../../report/units.ts'
import type { Finding } from './finding.ts'

/** Less than this and pushes begin to fail. */
const LEAST_BYTES = 1024 ** 3
const LEAST_INODES = 10_000

/** Finds what is wrong with one of the directories. */
export function checkDirectory(what: 'state' | 'runtime', directory: string): Finding[] {
  const where = `${what} directory`
  if (!existsSync(directory)) return []
  const { mode, uid } = statSync(directory)
  const found: Finding[] = []
  if (uid !== userInfo().uid)
    found.push({
      ...{ where, what: `${directory} belongs to user ${uid}, not to ${userInfo().uid} who runs this` },
      mend: 'run this as the user who runs the receiver (sudo -u USER hostenv doctor)',
    })
  if ((mode & 0o077) !== 0)
    found.push({ where, what: `${directory} can be entered by other users`, mend: `chmod 700 ${directory}` })
  return [...found, ...checkSpace(where, directory)]
}

function checkSpace(where: string, directory: string): Finding[] {
  const { bavail, bsize, ffree, files } = statfsSync(directory)
  const mend = 'hostenv gc --dry-run shows what can go; or make the file system larger'
  const least = where.startsWith('runtime') ? LEAST_BYTES / 64 : LEAST_BYTES
  const found: Finding[] = []
  if (bavail * bsize < least)
    found.push({ where, what: `only ${byteSize(bavail * bsize)} are free where ${directory} is`, mend })
  // Some file systems count no inodes.
  if (files > 0 && ffree < LEAST_INODES)
    found.push({ where, what: `only ${ffree} more files fit where ${directory} is`, mend })
  return found
}

/** `12.1 GiB (34 %)` */
export function freeSpace(directory: string): string {
  const { bavail, bsize, blocks } = statfsSync(directory)
  return `${byteSize(bavail * bsize)} (${Math.round((bavail / blocks) * 100)} %)`
}
