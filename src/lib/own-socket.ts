// A socket of an environment, as a path that the environment cannot change under our hands. The one check that there is: for the
// front door, for the check of a release, and for who reaches a socket over SSH.
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { basename, join } from 'node:path'

/** What is in the environment's directory is not a socket of the environment's. */
export class NotOwnSocket extends Error {
  override readonly name = 'NotOwnSocket'
}

/** Makes `to` a hard link to `UPSTREAM/in.sock`; what linkSocketBelow says holds. */
export function linkOwnSocket(upstreamDir: string, uid: number, to: string): void {
  linkSocketBelow(upstreamDir, ['in.sock'], uid, to)
}

/**
 * Makes `to` a hard link to a socket below `root`. Neither a folder on the way nor the socket may be a symbolic link, and what is
 * linked is the very file that is checked, and stays it, whatever the environment does meanwhile: each folder is opened from the
 * one before it, and link(2) follows nothing. Throws NotOwnSocket, or what open(2) and link(2) say.
 * @param parts names of folders, and last that of the socket; none may be empty, `.`, `..` or have a slash
 */
export function linkSocketBelow(root: string, parts: readonly string[], uid: number, to: string): void {
  if (parts.length === 0 || parts.some((part) => part === '' || part === '.' || part === '..' || /[/\0]/.test(part)))
    throw new NotOwnSocket(`${parts.join('/')} is no path of a socket`)
  const name = parts.at(-1) as string
  let folder = openFolder(root)
  try {
    for (const part of parts.slice(0, -1)) {
      const next = openFolder(within(folder, part))
      closeSync(folder)
      folder = next
    }
    linkSync(within(folder, name), to)
  } finally {
    closeSync(folder)
  }
  const stat = lstatSync(to)
  const why = !stat.isSocket() ? 'is not a socket' : stat.uid !== uid ? `belongs to uid ${stat.uid}, not ${uid}` : null
  if (why === null) return
  rmSync(to, { force: true })
  throw new NotOwnSocket(`${name} ${why}`)
}

function openFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

// openat(2) by way of proc(5): the folder itself is not looked up again.
function within(folder: number, name: string): string {
  return `/proc/self/fd/${folder}/${name}`
}

/** A private link to the socket for a release's check, made anew when the socket changed; null when there is none, or something else. */
export function ownSocket(runtimeDir: string, upstreamDir: string, uid = process.getuid?.() ?? 0): string | null {
  const theirs = stat(join(upstreamDir, 'in.sock'))
  const door = join(runtimeDir, 'door')
  const ours = join(door, basename(upstreamDir))
  const linked = stat(ours)
  if (linked && theirs && linked.ino === theirs.ino && linked.dev === theirs.dev) return ours
  try {
    rmSync(ours, { force: true })
    if (!theirs) return null
    mkdirSync(door, { recursive: true, mode: 0o700 })
    linkOwnSocket(upstreamDir, uid, ours)
    return ours
  } catch {
    return null
  }
}

function stat(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null
}

/** Removes private links that an earlier receiver left. */
export function clearDoor(runtimeDir: string): void {
  const door = join(runtimeDir, 'door')
  mkdirSync(door, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(door)) rmSync(join(door, name), { force: true })
}
