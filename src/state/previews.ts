// Previews: which branches a policy's patterns mean, and what every stage may ask about one.
import { isZero, shortRef } from '../lib/oid.ts'
import type { Manifest, PreviewManifest, RefUpdate } from '../records.ts'
import { keyOfRef } from './policy-keys.ts'

export interface Preview extends PreviewManifest {
  readonly pattern: string
}

/**
 * The preview that a branch name means under a policy: the nearest enabled pattern, the one with the most exact characters
 * before its first `*`. Null for what matches none, and for declared keys, which are reserved even while they are disabled.
 */
export function previewOf(policy: Manifest, name: string): Preview | null {
  if (Object.hasOwn(policy.environments, name)) return null
  const matching = Object.entries(policy.previews ?? {}).filter(([pattern, p]) => p.enable && matches(pattern, name))
  const [nearest] = matching.sort(([a], [b]) => exact(b) - exact(a) || b.length - a.length || (a < b ? -1 : 1))
  return nearest ? { pattern: nearest[0], ...nearest[1] } : null
}

/** The key that a full ref name means: a declared environment's, else for a branch its own name when that is a preview; else null. */
export function keyOfFullRef(policy: Manifest, ref: string): string | null {
  const name = shortRef(ref)
  const declared = keyOfRef(policy, name)
  if (declared !== null || !ref.startsWith('refs/heads/')) return declared
  return previewOf(policy, name) === null ? null : name
}

/** Whether a name is what a pattern says; `*` stands for any characters, also none. Takes time linear in both for each `*`. */
export function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === name
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false
  const end = name.length - last.length
  let at = first.length
  for (const piece of rest) {
    const found = name.indexOf(piece, at)
    if (found === -1 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

function exact(pattern: string): number {
  const star = pattern.indexOf('*')
  return star === -1 ? pattern.length : star
}

/**
 * What one update of a push means. Deleting a branch also stops the preview that it made, whatever the policy says by now.
 * @param made whether a key exists as a preview
 */
export function keyOfUpdate(policy: Manifest, update: RefUpdate, made: (key: string) => boolean): string | null {
  const key = keyOfFullRef(policy, update.ref)
  if (key !== null || !isZero(update.new) || !update.ref.startsWith('refs/heads/')) return key
  const name = shortRef(update.ref)
  return !Object.hasOwn(policy.environments, name) && made(name) ? name : null
}
