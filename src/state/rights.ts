// What each action needs, by what it is done to. The table of docs/reference/rights.md is this one.
import { type Level, levelOf, type Role } from '../config/roles.ts'
import { ownValue } from '../lib/own-value.ts'
import type { EnvironmentType, Manifest } from '../records.ts'
import { previewOf } from './previews.ts'

/** The least role for each thing that is decided; what is protected needs more. */
export const actions = {
  /** Know of the project: `envs`, `releases`, `ps`, logs of deploys. */
  see: 'viewer',
  fetch: 'viewer',
  /** What processes wrote. */
  logs: 'viewer',
  push: 'deployer',
  /** Take commits off a branch. */
  force: 'deployer',
  /** Delete a branch, and stop what it means. */
  delete: 'deployer',
  rollback: 'deployer',
  redeploy: 'deployer',
  /** Renew, pause and wake a preview. */
  preview: 'deployer',
  /** Stop an environment for good. */
  destroy: 'deployer',
  restart: 'deployer',
  cancel: 'deployer',
  run: 'deployer',
  /** Reach a socket of an environment. */
  socket: 'deployer',
  /** Push a policy that changes who may do what. */
  grant: 'maintainer',
  /** Read the audit of a project. */
  audit: 'maintainer',
  /** Users and their keys, projects and who may do what there. */
  administer: 'administrator',
} as const satisfies Record<string, Role>

export type Action = keyof typeof actions

/** What of an environment decides how careful people have to be with it. */
export interface Guard {
  readonly production: boolean
  readonly protected: boolean
}

/** Taking something away from production, or doing anything to what is protected, is for maintainers. */
export function needed(action: Action, guard: Guard): Level {
  const least = levelOf(actions[action])
  const takesAway = action === 'force' || action === 'delete' || action === 'destroy'
  const careful = guard.protected || (guard.production && takesAway)
  return careful && least === levelOf('deployer') ? levelOf('maintainer') : least
}

/** The type of an environment under a policy; null before there is one, and for what it does not know (any more). */
export function typeOf(policy: Manifest | null, key: string): EnvironmentType | null {
  if (policy === null) return null
  return ownValue(policy.environments, key)?.type ?? previewOf(policy, key)?.type ?? null
}

/** The guard of a key under a policy, or (null) of the project as a whole. */
export function guardOf(policy: Manifest | null, key: string | null): Guard {
  if (policy === null || key === null) return { production: false, protected: false }
  return {
    production: typeOf(policy, key) === 'production',
    protected: ownValue(policy.environments, key)?.protected ?? false,
  }
}
