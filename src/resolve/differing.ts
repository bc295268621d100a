// What a commit says of policy that is not in force: told to whoever pushes it, so that nobody takes it for granted.
import { isDeepStrictEqual } from 'node:util'
import { ownValue } from '../lib/own-value.ts'
import type { EnvironmentManifest, Manifest } from '../records.ts'
import type { Preview } from '../state/previews.ts'

/** Differences that are named; the others are counted. */
const NAMED = 4

/**
 * Policy fields in which a commit's own manifest differs from the policy in force, those of what is deployed first and without
 * its name, in one line of text; null where it says the same.
 */
export function differing(policy: Manifest, own: Manifest, key: string, preview: Preview | null): string | null {
  const first = preview === null ? fieldsOf(policy, own, key) : []
  const patterns = names(policy.previews, own.previews).filter(
    (name) => !isDeepStrictEqual(ownValue(policy.previews, name), ownValue(own.previews, name)),
  )
  const others = names(policy.environments, own.environments)
    .filter((name) => name !== key || preview !== null)
    .flatMap((name) => elsewhere(policy, own, name))
  const all = [
    ...first,
    ...patterns
      .sort((a, b) => Number(b === preview?.pattern) - Number(a === preview?.pattern))
      .map((name) => `previews.${JSON.stringify(name)}`),
    ...others,
  ]
  if (all.length === 0) return null
  const more = all.length - NAMED
  return `${all.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Fields of an environment where a commit's own manifest differs from the policy that is in force. */
export function differingFields(policy: EnvironmentManifest, own: EnvironmentManifest): string[] {
  const fields = ['enable', 'type', 'users', 'virtualHosts', 'releaseTags', 'requires', 'protected'] as const
  return [
    ...fields.filter((field) => !isDeepStrictEqual(policy[field], own[field])),
    ...(policy.hostenv.gitRef === own.hostenv.gitRef ? [] : ['hostenv.gitRef']),
    ...(['enable', 'enforce'] as const)
      .filter((field) => policy.deploymentVerification[field] !== own.deploymentVerification[field])
      .map((field) => `deploymentVerification.${field}`),
  ]
}

function fieldsOf(policy: Manifest, own: Manifest, key: string): string[] {
  const [before, after] = [policy, own].map(({ environments }) => ownValue(environments, key))
  return before && after ? differingFields(before, after) : []
}

function elsewhere(policy: Manifest, own: Manifest, key: string): string[] {
  const path = `environments.${JSON.stringify(key)}`
  const declared = [policy, own].filter(({ environments }) => Object.hasOwn(environments, key))
  return declared.length === 1 ? [path] : fieldsOf(policy, own, key).map((field) => `${path}.${field}`)
}

function names(...sets: readonly object[]): string[] {
  return [...new Set(sets.flatMap((set) => Object.keys(set)))]
}
