// The HTTP socket of an environment, as a path that the environment cannot change under our hands.
import { linkSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * A private hard link to `UPSTREAM/in.sock`: link(2) follows no symbolic link, so what is linked is what the environment
 * itself put there, and it must be a socket of `uid`. Null when there is none, or something else.
 */
export function ownSocket(runtimeDir: string, upstreamDir: string, uid = process.getuid?.() ?? 0): string | null {
  const theirs = join(upstreamDir, 'in.sock')
  const seen = stat(theirs)
  if (!seen?.isSocket() || seen.uid !== uid) return null
  const door = join(runtimeDir, 'door')
  const name = basename(upstreamDir)
  const ours = join(door, name)
  const linked = stat(ours)
  if (linked && linked.ino === seen.ino && linked.dev === seen.dev && linked.isSocket()) return ours
  const fresh = `${ours}.${process.pid}`
  try {
    mkdirSync(door, { recursive: true, mode: 0o700 })
    rmSync(fresh, { force: true })
    linkSync(theirs, fresh)
    const made = lstatSync(fresh)
    if (!made.isSocket() || made.uid !== uid) {
      rmSync(fresh, { force: true })
      return null
    }
    renameSync(fresh, ours)
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
