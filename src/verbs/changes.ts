// What changed with a release that was not built for it: nobody compared then, so it is compared when somebody asks.
import { describeClosure } from '../build/closure.ts'
import type { Context } from '../context.ts'
import type { Release, Since } from '../records.ts'

/** Compares with the release that was live before. Null where there was none, or where one of the two is not kept any more. */
export async function changes(ctx: Context, release: Release): Promise<Since | null> {
  const { project, key, storePath } = release
  const n = ctx.state.deploys.get(release.deploy)?.previous_release ?? null
  const before = n === null ? null : ctx.state.environments.release(project, key, n)
  if (before === null || before.outcome === 'collected' || release.outcome === 'collected') return null
  if (before.storePath === storePath) return { release: before.n, deltaBytes: 0, changes: [] }
  const previous = { release: before.n, storePath: before.storePath }
  return (await describeClosure(ctx.host.nix, storePath, previous, ctx.closing)).since
}
