// A policy as the record has it. It may have been stored before a field was there; it then has the field's default.
import type { EnvironmentManifest, Manifest } from '../records.ts'

/** Reads the JSON of a policy that was parsed strictly before it was stored. */
export function storedPolicy(json: string): Manifest {
  const policy = JSON.parse(json) as Manifest
  const environments = each(policy.environments, ({ users, virtualHosts = {}, deploymentVerification, ...rest }) => ({
    ...having({ requires: null, protected: false }, rest),
    users: withRoles(users),
    deploymentVerification: having({ enforce: true }, deploymentVerification),
    virtualHosts: each(virtualHosts, (host) => having({ enableLetsEncrypt: true }, host)),
  }))
  const previews = each(policy.previews ?? {}, ({ users, ...rest }) => ({
    ...having({ evict: null, data: null, schedules: [] }, rest),
    users: withRoles(users),
  }))
  return { ...policy, environments, previews }
}

function withRoles(users: EnvironmentManifest['users']): EnvironmentManifest['users'] {
  return each(users, (user) => having({ role: 'deployer' }, user))
}

function having<T extends object>(defaults: Partial<T>, stored: T): T {
  return { ...defaults, ...stored }
}

function each<T>(all: Readonly<Record<string, T>>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]))
}
