// Small facts that are read from a repository.
import type { Oid } from '../records.ts'
import { git } from './git.ts'
import { zeroOid } from './oid.ts'
import { mustRun, run } from './spawn.ts'

/** Whether `ancestor` is reachable from `descendant`; false too when this repository does not have one of them. */
export async function isAncestor(repository: string, path: string, ancestor: Oid, descendant: Oid): Promise<boolean> {
  const ran = await run(git(repository, path, ['merge-base', '--is-ancestor', ancestor, descendant]))
  if (ran.code === null) throw new Error(`git merge-base was ended by ${ran.signal}`)
  return ran.code === 0
}

/** The value of a ref now; zero when there is none. Throws when git cannot tell: that is not the same. */
export async function refValue(repository: string, path: string, ref: string): Promise<Oid> {
  const ran = await run(git(repository, path, ['rev-parse', '--verify', '--quiet', '--end-of-options', ref]))
  if (ran.code === 0) return ran.stdout.trim()
  if (ran.code === 1) return zeroOid
  throw new Error(
    `git rev-parse ${ran.code === null ? `was ended by ${ran.signal}` : `exited ${ran.code}`}: ${ran.stderr}`,
  )
}

/** The commit that an object is, or that a tag leads to; null where that is no commit. */
export async function peeled(repository: string, path: string, oid: Oid): Promise<Oid | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${oid}^{commit}`]
  const ran = await run(git(repository, path, args))
  if (ran.code === null) throw new Error(`git rev-parse was ended by ${ran.signal}`)
  return ran.code === 0 ? ran.stdout.trim() : null
}

/** The refs below a folder (`refs/heads/`). */
export async function listRefs(
  repository: string,
  path: string,
  below: string,
): Promise<{ ref: string; value: Oid }[]> {
  const listed = await mustRun(git(repository, path, ['for-each-ref', '--format=%(objectname) %(refname)', below]))
  return listed
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ value: line.slice(0, 40), ref: line.slice(41) }))
}

/** How many commits are reachable from `tip` and not from `base`. */
export async function countBeyond(repository: string, path: string, base: Oid, tip: Oid): Promise<number> {
  return Number(await mustRun(git(repository, path, ['rev-list', '--count', tip, `^${base}`])))
}
