// Outputs that need no build: a release stands on them, and its generation keeps them from the store's collector.
import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import type { Release } from '../records.ts'
import { generationPath, profilePath } from './profile.ts'

/** A release that keeps this output, the one of `project` first; null: nothing is known to keep it. */
export function keptRelease(
  { state, host }: Pick<Context, 'state'> & { readonly host: Pick<Context['host'], 'nix' | 'stateDir'> },
  out: string,
  project?: string,
): Release | null {
  if (!existsSync(host.nix.realPath(out))) return null
  const kept = state.environments.releasesOf(out).filter((release) => {
    const userName = state.environments.get(release.project, release.key)?.user_name ?? ''
    return generationPath(profilePath(host, userName), release.generation) === out
  })
  return kept.find((release) => release.project === project) ?? kept[0] ?? null
}
