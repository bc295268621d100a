// What the deletion of a branch stops, and when it has to be confirmed.
import { type Manifest, Refused } from '../records.ts'
import { keyOfRef } from '../state/policy-keys.ts'
import { guardOf } from '../state/rights.ts'

/** The environment that stops when this branch is deleted, or null. Throws Refused for what must not be deleted so easily. */
export function whatToStop(
  policy: Manifest | null,
  name: string,
  canonicalBranch: string,
  confirmed: readonly string[],
  meant: string | null = policy && keyOfRef(policy, name),
): string | null {
  if (name === canonicalBranch) throw new Refused(`${name} is the canonical branch and cannot be deleted`)
  const key = meant
  const guard = guardOf(policy, key)
  const careful = guard.production ? 'production' : guard.protected ? 'protected' : null
  if (key !== null && careful !== null && !confirmed.includes(key))
    throw new Refused(`${key} is ${careful}`, {
      headline: `Deleting this branch stops ${key}, which is ${careful}`,
      help: [`If that is meant: git push -o confirm=${key} hostenv :${name}`],
    })
  return key
}
