// The HTTP socket of an environment, as a path that the environment cannot change under our hands. The one check that there is:
// for the front door and for the check of a release.
import { linkSync, lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'

/** What is in the environment's directory is not a socket of the environment's. */
export class NotOwnSocket extends Error {
  override readonly name = 'NotOwnSocket'
}

/**
 * Makes `to` a hard link to `UPSTREAM/in.sock`. link(2) follows no symbolic link there, so what is linked is the very file that
 * is checked, and stays it, whatever the environment does meanwhile. Throws NotOwnSocket, or what link(2) says.
 */
export function linkOwnSocket(upstreamDir: string, uid: number, to: string): void {
  linkSync(join(upstreamDir, 'in.sock'), to)
  const stat = lstatSync(to)
  const why = !stat.isSocket() ? 'is not a socket' : stat.uid !== uid ? `belongs to uid ${stat.uid}, not ${uid}` : null
  if (why === null) return
  rmSync(to, { force: true })
  throw new NotOwnSocket(`in.sock ${why}`)
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
