// Generations of an environment that no kept release stands on: of a deploy that was taken back, of a release that was collected. Each keeps a build.
import type { Context } from '../context.ts'
import { deleteGenerations, generations, profilePath } from './profile.ts'

/**
 * Drops them; the current one stays, whatever it is. For who holds the environment's lane, and has nothing of it half done. Never
 * throws: `gc` finds what stays.
 */
export async function dropUnreleased(
  ctx: Pick<Context, 'host' | 'state' | 'log'>,
  project: string,
  key: string,
): Promise<void> {
  const row = ctx.state.environments.get(project, key)
  if (row === null) return
  const profile = profilePath(ctx.host, row.user_name)
  const released = new Set(ctx.state.environments.kept(project, key).map(({ generation }) => generation))
  try {
    const others = generations(profile).filter((n) => !released.has(n))
    if (others.length > 0) await deleteGenerations(profile, others)
  } catch (error) {
    ctx.log.warn({ project, key, err: error }, 'generations that no release stands on could not be dropped')
  }
}
