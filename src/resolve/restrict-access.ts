// What a canonical push takes away holds at once, even when it does not become live.

import type { Manifest } from '../records.ts'
import type { State } from '../state/state.ts'
import { restrict } from './policy.ts'

/** Removes from the policy in force every grant that `next` no longer has. Grants that are new wait until it is live. */
export function restrictAccess(state: State, project: string, next: Manifest): void {
  const current = state.projects.get(project)
  if (!current) return
  state.projects.setPolicy(project, current.policyCommit, restrict(current.policy, next))
  state.people.refresh()
}
