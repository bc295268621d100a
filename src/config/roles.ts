// The roles, in order: each may do what the ones before it may. They are compared with `<`, nothing else.
import type { EnvironmentType } from '../records.ts'

export const roles = ['viewer', 'deployer', 'maintainer', 'administrator'] as const
export type Role = (typeof roles)[number]

/** How much a role may: 0 for nobody, then 1 to 4 in the order of `roles`. */
export type Level = 0 | 1 | 2 | 3 | 4

/** The level of a role; 0 for none. */
export function levelOf(role: Role | null): Level {
  return role === null ? 0 : ((roles.indexOf(role) + 1) as Level)
}

/** The role of a level, as people say it. */
export function roleName(level: Level): string {
  return level === 0 ? 'nobody' : (roles[level - 1] as Role)
}

/** What a user is in a project by the operator: one role for each type of environment. */
export type Access = Readonly<Record<EnvironmentType, Role>>

/** The words that the configuration had for three of the roles before. */
export const formerNames = { read: 'viewer', push: 'deployer', administer: 'administrator' } as const satisfies Record<
  string,
  Role
>

export type WrittenAccess = Role | keyof typeof formerNames | { readonly [T in EnvironmentType]?: Role | undefined }

/** Access as it is written: one role for all, or a role by type, where a type that is left out may only be seen. */
export function toAccess(written: WrittenAccess): Access {
  if (typeof written === 'object') {
    const { production = 'viewer', testing = 'viewer', development = 'viewer' } = written
    return { production, testing, development }
  }
  const role = Object.hasOwn(formerNames, written)
    ? formerNames[written as keyof typeof formerNames]
    : (written as Role)
  return { production: role, testing: role, development: role }
}
