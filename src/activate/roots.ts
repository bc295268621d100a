// The links that keep builds from the garbage collector while their deploys last.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'

/** The link of one deploy's build. */
export function rootLink(ctx: Pick<Context, 'config'>, deploy: number): string {
  return join(ctx.config.stateDir, 'roots', `d${deploy}`)
}

/** Lets go of a deploy's build: a release is kept by its generation from now on. */
export async function dropRoot(ctx: Pick<Context, 'config'>, deploy: number): Promise<void> {
  await rm(rootLink(ctx, deploy), { force: true })
}
