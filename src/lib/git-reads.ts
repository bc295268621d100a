// Small facts that are read from a repository.
import type { Oid } from '../records.ts'
import { git } from './git.ts'
import { objectsOf } from './git-objects.ts'
import { zeroOid } from './oid.ts'
import { mustRun, run } from './spawn.ts'

/** So many steps back are looked at before git is asked to search. */
const near = 16

/** Whether `ancestor` is reachable from `descendant`; false too when this repository does not have one of them. */
export async function isAncestor(repository: string, path: string, ancestor: Oid, descendant: Oid): Promise<boolean> {
  const names = [ancestor, descendant].map((oid) => `${oid}^{commit}`)
  const back = Array.from({ length: near }, (_, n) => `${descendant}~${n + 1}`)
  const [old, ...line] = await objectsOf(repository, path, [...names, ...back])
  if (!old || !line[0]) return false
  if (line.some((commit) => commit?.oid === old.oid)) return true
  const ran = await run(git(repository, path, ['merge-base', '--is-ancestor', ancestor, descendant]))
  if (ran.code === null) throw new Error(`git merge-base was ended by ${ran.signal}`)
  return ran.code === 0
}

/** The value of a ref now; zero when there is none. Throws when git cannot tell: that is not the same. */
export async function refValue(repository: string, path: string, ref: string): Promise<Oid> {
  const [found] = await objectsOf(repository, path, [ref])
  if (!found) return zeroOid
  if (!describes.test(ref)) return found.oid
  const refs = await listRefs(repository, path, ref)
  return refs.find((one) => one.ref === ref)?.value ?? zeroOid
}

/** What git describe prints: where there is no such ref, it means a commit by the start of its id (gitrevisions(7)). */
const describes = /-g[0-9a-f]{4,}$/i

export interface PushedCommit {
  readonly commit: Oid
  readonly tree: Oid
}

/** The commit that an object is, or that a tag leads to, with its tree; null where that is no commit. */
export async function peel(repository: string, path: string, oid: Oid): Promise<PushedCommit | null> {
  const [commit, tree] = await objectsOf(repository, path, [`${oid}^{commit}`, `${oid}^{tree}`])
  return commit && tree ? { commit: commit.oid, tree: tree.oid } : null
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
