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
  const enabled = Object.entries(policy.previews ?? {}).filter(([, preview]) => preview.enable)
  const found = nearest(
    enabled.map(([pattern, preview]) => ({ pattern, preview })),
    name,
  )
  return found && { pattern: found.pattern, ...found.preview }
}

/** The environment that a tag releases into: the enabled one whose `releaseTags` match it, the nearest where several do. */
export function keyOfTag(policy: Manifest, name: string): string | null {
  const claims = Object.entries(policy.environments).flatMap(([key, { enable, releaseTags }]) =>
    enable && releaseTags !== null ? [{ key, pattern: releaseTags }] : [],
  )
  return nearest(claims, name)?.key ?? null
}

function nearest<T extends { readonly pattern: string }>(all: readonly T[], name: string): T | null {
  const [first = null] = all
    .filter(({ pattern }) => matches(pattern, name))
    .toSorted((a, b) => nearer(a.pattern, b.pattern))
  return first
}

function nearer(a: string, b: string): number {
  return exact(b) - exact(a) || b.length - a.length || (a < b ? -1 : 1)
}

/**
 * The key that a full ref name means: a declared environment's, else the one that releases such tags, else for a branch its
 * own name when that is a preview; else null.
 */
export function keyOfFullRef(policy: Manifest, ref: string): string | null {
  const name = shortRef(ref)
  const declared = keyOfRef(policy, name)
  if (declared !== null) return declared
  if (ref.startsWith('refs/tags/')) return keyOfTag(policy, name)
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
 * What one update means where the push names an environment (`-o env=KEY`): that one, when it is declared and enabled or is
 * a preview that there is; null when it is neither.
 */
export function keyNamed(policy: Manifest, key: string, made: (key: string) => boolean): string | null {
  if (Object.hasOwn(policy.environments, key)) return policy.environments[key]?.enable ? key : null
  return made(key) && previewOf(policy, key) !== null ? key : null
}

/**
 * What one update of a push means. Deleting a branch also stops the preview that it made, whatever the policy says by now;
 * deleting one of the tags that an environment releases stops nothing.
 * @param made whether a key exists as a preview
 */
export function keyOfUpdate(policy: Manifest, update: RefUpdate, made: (key: string) => boolean): string | null {
  if (!isZero(update.new)) return keyOfFullRef(policy, update.ref)
  const name = shortRef(update.ref)
  if (update.ref.startsWith('refs/tags/')) return keyOfRef(policy, name)
  const key = keyOfFullRef(policy, update.ref)
  return key ?? (!Object.hasOwn(policy.environments, name) && made(name) ? name : null)
}
