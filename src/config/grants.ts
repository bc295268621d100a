// Which project the operator lets have which host name, and what it lets whom do.
import type { Config } from './config.ts'
import type { Access } from './roles.ts'

/** What of the configuration says who may have which host name. */
export interface Grants {
  readonly projects: Readonly<Record<string, Pick<Config['projects'][string], 'domains'>>>
}

/** Whether the operator grants this host name to a project. */
export function granted(config: Grants, hostname: string, project: string): boolean {
  return grantee(config, hostname) === project
}

/** The project that the operator grants this host name to, or null. The exact name wins over `*.`, and the longest `*.` over shorter ones. */
export function grantee(config: Grants, hostname: string): string | null {
  const labels = hostname.split('.')
  const forms = [hostname, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`)]
  for (const form of forms) {
    const owner = Object.entries(config.projects).find(([, { domains }]) => domains.includes(form))
    if (owner !== undefined) return owner[0]
  }
  return null
}

/** What a user is in a project by the configuration file; null: nothing. */
export function accessOf(config: Pick<Config, 'projects'>, project: string, user: string): Access | null {
  const access = Object.hasOwn(config.projects, project) ? config.projects[project]?.access : undefined
  return (access && Object.hasOwn(access, user) ? access[user] : undefined) ?? null
}

/** The branch whose newest accepted commit is a project's policy. */
export function canonicalBranch(config: Pick<Config, 'projects'>, project: string): string {
  return (Object.hasOwn(config.projects, project) ? config.projects[project]?.canonicalBranch : undefined) ?? 'main'
}

/** Whether pushes of a project are deployed; else it is a git repository and nothing more. */
export function deploys(config: Pick<Config, 'projects'>, project: string): boolean {
  return (Object.hasOwn(config.projects, project) ? config.projects[project]?.deploys : undefined) ?? true
}
