// Who may push what: asked before anything is built, and again under the locks, of the policy in force then.
import { isZero, short } from '../lib/oid.ts'
import { type Manifest, type RefUpdate, Refused } from '../records.ts'
import { type Asker, permit } from './decide.ts'
import { keyOfFullRef } from './previews.ts'
import { rightsChanged } from './rights-changed.ts'
import type { State } from './state.ts'

interface Pushed {
  readonly session: Asker
  readonly project: string
  readonly update: RefUpdate
}

/** A canonical push: what its branch means by the policy in force, and by its own manifest, which is the policy to be. */
export interface Canonical {
  readonly before: string | null
  readonly key: string
  readonly policy: Manifest
}

/** Whether a pusher may do to `key` (null: to a branch that means nothing) what this update does; nothing is written down. */
export function mayUpdate(state: State, { session, project, update }: Pushed, key: string | null): boolean {
  return state.people.may(session.pusher, isZero(update.new) ? 'delete' : 'push', project, key)
}

/** The same as a decision, which is written down. Throws Refused. */
export function permitUpdate(state: State, { session, project, update }: Pushed, key: string | null): void {
  const subject = `${update.ref} ${short(update.new)}`
  permit(state, session, { action: isZero(update.new) ? 'delete' : 'push', project, key, subject })
}

/** Whether a pusher may change who may do what: only then a canonical push that is refused takes rights away. */
export function mayGrant(state: State, { session, project }: Pushed, before: string | null): boolean {
  return state.people.may(session.pusher, 'grant', project, before)
}

/** Throws Refused for a policy that its pusher may not bring: of an environment that is not theirs, or with other rights. */
export function permitPolicy(state: State, pushed: Pushed, { before, key, policy }: Canonical): void {
  const { session, project, update } = pushed
  const inForce = state.projects.get(project)?.policy
  if (inForce === undefined) return
  // With -o env=KEY the branch may mean another one than the push.
  const after = keyOfFullRef(policy, update.ref)
  for (const one of new Set([key, after])) if (one !== null && one !== before) permitUpdate(state, pushed, one)
  const there = state.environments.ofProject(project).map((row) => row.key)
  const changes = rightsChanged(inForce, policy, there)
  // Who may change rights is asked of what the canonical branch means.
  if (after !== before) changes.push(`the canonical branch means ${after ?? 'nothing'}, not ${before ?? 'nothing'}`)
  if (changes.length === 0) return
  try {
    const subject = `${short(update.new)}: ${changes.join(', ')}`
    permit(state, session, { action: 'grant', project, key: before, subject })
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    throw new Refused(error.message, { headline: error.headline, detail: changes, help: error.help })
  }
}
