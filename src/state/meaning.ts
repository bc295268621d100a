// What one ref of a push means under a policy, with the options of the push: which environment, and what the pusher needs for it.
import { isZero, shortRef } from '../lib/oid.ts'
import type { Manifest, PushOptions, RefUpdate } from '../records.ts'
import { keyNamed, keyOfUpdate } from './previews.ts'

export interface Meaning {
  /** The environment, or null for none. */
  readonly key: string | null
  /** What the ref means by itself. */
  readonly own: string | null
  /** Keys that the pusher needs the right to, all of them; the ref's own name where it means nothing. */
  readonly needs: readonly string[]
}

interface Asked {
  readonly update: RefUpdate
  readonly options: Pick<PushOptions, 'env'>
}

/**
 * With `-o env=KEY` the commit goes there; the ref moves all the same, so what it means by itself is needed too, and the
 * canonical branch always is: it is the policy.
 * @param made whether a key exists as a preview
 */
export function meaningOf(
  policy: Manifest | null,
  { update, options: { env } }: Asked,
  canonicalBranch: string,
  made: (key: string) => boolean,
): Meaning {
  const name = shortRef(update.ref)
  const own = policy && keyOfUpdate(policy, update, made)
  if (env === null || isZero(update.new)) return { key: own, own, needs: [own ?? name] }
  const moved = own ?? (update.ref === `refs/heads/${canonicalBranch}` ? name : null)
  return { key: policy && keyNamed(policy, env, made), own, needs: moved === null ? [env] : [env, moved] }
}
