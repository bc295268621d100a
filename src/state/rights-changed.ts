// What a new policy changes in who may do what: a push of the canonical branch that does so takes a maintainer.
import type { EnvironmentManifest, Manifest, PreviewManifest } from '../records.ts'

type Granting = Pick<EnvironmentManifest, 'users'> & Partial<Pick<EnvironmentManifest, 'protected' | 'type'>>

/** Sentences, one for each difference; empty where everybody may do afterwards what they may do now. */
export function rightsChanged(old: Manifest, next: Manifest): string[] {
  return [
    ...compared(old.environments, next.environments, (key) => `environments.${JSON.stringify(key)}`),
    ...compared(old.previews ?? {}, next.previews ?? {}, (pattern) => `previews.${JSON.stringify(pattern)}`),
  ]
}

function compared(
  old: Readonly<Record<string, EnvironmentManifest | PreviewManifest>>,
  next: Readonly<Record<string, EnvironmentManifest | PreviewManifest>>,
  path: (name: string) => string,
): string[] {
  const names = new Set([...Object.keys(old), ...Object.keys(next)])
  return [...names].flatMap((name) => {
    const [before, after] = [own(old, name), own(next, name)]
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

// What is protected or production asks for more; a new environment asks for what it says.
function guards(before: Granting | undefined, after: Granting | undefined): string[] {
  if (before === undefined) return []
  const [was, is] = [before, after].map((one) => ({
    protected: one?.protected === true,
    production: one?.type === 'production',
  }))
  return [
    ...(was?.protected && !is?.protected ? ['.protected is taken away'] : []),
    ...(was?.production && !is?.production ? ['.type is not production any more'] : []),
  ]
}

function roles(one: Granting | undefined): Map<string, string> {
  const named = Object.entries(one?.users ?? {}).filter(([, { publicKeys }]) => publicKeys.length > 0)
  return new Map(named.map(([name, { role = 'deployer', publicKeys }]) => [name, `${role} ${[...publicKeys].sort()}`]))
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
