// Previews: which branches a policy's patterns mean, and what every stage may ask about one.
import { isZero, shortRef } from '../lib/oid.ts'
import { matches } from '../lib/pattern.ts'
import type { Manifest, PreviewManifest, RefUpdate } from '../records.ts'
import { keyOfRef } from './policy-keys.ts'
import { claimedBy } from './tags.ts'

export interface Preview extends PreviewManifest {
  readonly pattern: string
}

/**
 * The preview that a branch name means under a policy: the nearest enabled pattern, the one with the most exact characters
 * before its first `*`. Null for what matches none, and for declared keys, which are reserved even while they are disabled.
 */
export function previewOf(policy: Manifest, name: string): Preview | null {
  if (Object.hasOwn(policy.environments, name)) return null
  const matching = Object.entries(policy.previews).filter(([pattern, p]) => p.enable && matches(pattern, name))
  const [nearest] = matching.sort(([a], [b]) => exact(b) - exact(a) || b.length - a.length || (a < b ? -1 : 1))
  return nearest ? { pattern: nearest[0], ...nearest[1] } : null
}

/**
 * The key that a full ref name means: a declared environment's; else of a tag the only environment that claims it, of a branch its
 * own name when that is a preview; else null.
 */
export function keyOfFullRef(policy: Manifest, ref: string): string | null {
  const name = shortRef(ref)
  const declared = keyOfRef(policy, name)
  if (declared !== null) return declared
  if (!ref.startsWith('refs/heads/')) {
    const claims = claimedBy(policy, name)
    return claims.length === 1 ? (claims[0] ?? null) : null
  }
  return previewOf(policy, name) === null ? null : name
}

function exact(pattern: string): number {
  const star = pattern.indexOf('*')
  return star === -1 ? pattern.length : star
}

/**
 * What one update means where the push names an environment (`-o env=KEY`): that one, when it is declared and enabled or is
 * a preview that there is; null when it is neither.
 */
export function keyNamed(policy: Manifest, key: string, made: (key: string) => boolean): string | null {
  if (Object.hasOwn(policy.environments, key)) return policy.environments[key]?.enable ? key : null
  return made(key) && previewOf(policy, key) !== null ? key : null
}

/**
 * What one update of a push means. Deleting a branch also stops the preview that it made, whatever the policy says by now, and what was
 * deployed from it and is disabled since; deleting a tag stops nothing that it only released.
 * @param made whether a key exists as a preview
 */
export function keyOfUpdate(policy: Manifest, update: RefUpdate, made: (key: string) => boolean): string | null {
  if (isZero(update.new) && update.ref.startsWith('refs/tags/')) return keyOfRef(policy, shortRef(update.ref))
  const key = keyOfFullRef(policy, update.ref)
  if (key !== null || !isZero(update.new) || !update.ref.startsWith('refs/heads/')) return key
  const name = shortRef(update.ref)
  if (!Object.hasOwn(policy.environments, name) && made(name)) return name
  const disabled = Object.entries(policy.environments).find(([, env]) => !env.enable && env.hostenv.gitRef === name)
  return disabled?.[0] ?? null
}
