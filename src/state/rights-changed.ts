// What a new policy changes in who may do what: a push of the canonical branch that does so takes a maintainer.
import { isDeepStrictEqual } from 'node:util'
import { ownValue } from '../lib/own-value.ts'
import type { EnvironmentManifest, Manifest, PreviewManifest } from '../records.ts'
import { previewOf } from './previews.ts'

type Granting = Pick<EnvironmentManifest, 'users' | 'type'> &
  Partial<Pick<EnvironmentManifest, 'protected'> & Pick<PreviewManifest, 'extends'>>

/**
 * Sentences, one for each difference; empty where nobody may do more afterwards to what there is.
 * @param there keys that have data, whether or not a policy knows them
 */
export function rightsChanged(old: Manifest, next: Manifest, there: readonly string[]): string[] {
  return [
    ...compared(old.environments, next.environments, environmentPath),
    ...compared(old.previews, next.previews, previewPath),
    ...moved(old, next, there),
  ]
}

const environmentPath = (key: string) => `environments.${JSON.stringify(key)}`
const previewPath = (pattern: string) => `previews.${JSON.stringify(pattern)}`

function compared(
  old: Readonly<Record<string, EnvironmentManifest | PreviewManifest>>,
  next: Readonly<Record<string, EnvironmentManifest | PreviewManifest>>,
  path: (name: string) => string,
): string[] {
  const names = new Set([...Object.keys(old), ...Object.keys(next)])
  return [...names].flatMap((name) => {
    const [before, after] = [ownValue(old, name), ownValue(next, name)]
    return [...users(before, after), ...guards(before, after)].map((text) => `${path(name)}${text}`)
  })
}

function users(before: Granting | undefined, after: Granting | undefined): string[] {
  const [had, has] = [roles(before), roles(after)]
  return [...new Set([...had.keys(), ...has.keys()])].flatMap((user) => {
    const [was, is] = [had.get(user) ?? null, has.get(user) ?? null]
    if (was === is) return []
    const how = was === null ? 'is added' : is === null ? 'is removed' : 'has another role or other keys'
    return [`.users.${user} ${how}`]
  })
}

// What is protected or production asks for more, and the operator gives roles by type; a new environment asks for what it says.
function guards(before: Granting | undefined, after: Granting | undefined): string[] {
  if (before === undefined) return []
  const unprotected = before.protected && !after?.protected ? ['.protected is taken away'] : []
  if (after === undefined)
    return [...unprotected, ...(before.type === 'production' ? ['.type is not production any more'] : [])]
  const fields = ['type', 'extends'] as const
  const others = fields.filter((field) => before[field] !== after[field])
  return [...unprotected, ...others.map((field) => `.${field} is ${after[field]}, not ${before[field]}`)]
}

// What is there keeps its data when something else of the policy comes to say who may do what to it: a pattern that is nearer, or one
// that is left when an environment is declared no more. What nothing says that of any more is nobody's.
function moved(old: Manifest, next: Manifest, there: readonly string[]): string[] {
  return [...new Set([...Object.keys(old.environments), ...there])].flatMap((key) => {
    const [was, is] = [standing(old, key), standing(next, key)]
    if (is === null || is.path === was?.path || isDeepStrictEqual(is.rights, was?.rights)) return []
    return [`${JSON.stringify(key)} comes under ${is.path}, ${was === null ? 'nothing before' : `not ${was.path}`}`]
  })
}

function standing(policy: Manifest, key: string): { path: string; rights: unknown } | null {
  const declared = ownValue(policy.environments, key)
  if (declared !== undefined) return { path: environmentPath(key), rights: { type: declared.type } }
  const preview = previewOf(policy, key)
  if (preview === null) return null
  const { pattern, type, extends: like } = preview
  return { path: previewPath(pattern), rights: { type, like, users: roles(preview) } }
}

function roles(one: Granting | undefined): Map<string, string> {
  const named = Object.entries(one?.users ?? {}).filter(([, { publicKeys }]) => publicKeys.length > 0)
  return new Map(named.map(([name, { role = 'deployer', publicKeys }]) => [name, `${role} ${[...publicKeys].sort()}`]))
}
