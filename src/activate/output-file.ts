// Reads a small file of a build's output. The output is a project's: nothing outside the store is read, whatever its links say.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import type { Nix } from '../lib/nix.ts'

/** The text of `OUT/PATH`; null where there is none. Throws BadOutputFile where it is no plain file of the store, or larger than 1 MiB. */
export function readOutputFile(nix: Pick<Nix, 'realPath' | 'storeDir'>, out: string, path: string): string | null {
  let real: string
  try {
    real = realpathSync(`${nix.realPath(out)}/${path}`)
  } catch {
    return null
  }
  if (!real.startsWith(`${realpathSync(nix.storeDir)}/`)) throw new BadOutputFile(path)
  const fd = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > 1024 ** 2) throw new BadOutputFile(path)
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** A file of the output is not what it should be. */
export class BadOutputFile extends Error {}
