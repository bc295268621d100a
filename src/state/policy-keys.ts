// What a branch or tag name means under a policy.
import type { Manifest } from '../records.ts'

/** The key that a branch or tag name means: the enabled environment whose gitRef it is, else whose key it is; null when none. */
export function keyOfRef(policy: Manifest, name: string): string | null {
  const enabled = Object.entries(policy.environments).filter(([, env]) => env.enable)
  const byRef = enabled.find(([, env]) => env.hostenv.gitRef === name)
  return byRef?.[0] ?? enabled.find(([key]) => key === name)?.[0] ?? null
}
