// The links that keep builds from the garbage collector: while their deploys last, and of builds that were asked to be kept.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { userName } from '../lib/names.ts'
import { addRootArgs, type Nix } from '../lib/nix.ts'
import { projectId } from '../lib/repositories.ts'
import { mustRun } from '../lib/spawn.ts'
import type { DeployRow } from '../state/deploys.ts'

/** The link of one deploy's build. */
export function rootLink(ctx: Pick<Context, 'config'>, deploy: number): string {
  return join(ctx.config.stateDir, 'roots', `d${deploy}`)
}

/** Lets go of a deploy's build: a release is kept by its generation from now on. */
export async function dropRoot(ctx: Pick<Context, 'config'>, deploy: number): Promise<void> {
  await rm(rootLink(ctx, deploy), { force: true })
}

/** Keeps what was built with `-o no-activate`, in place of what was kept before for that environment. */
export async function keepBuild(
  ctx: Pick<Context, 'config' | 'host'>,
  { project: name, key, out }: Pick<DeployRow, 'project' | 'key' | 'out'>,
): Promise<void> {
  if (out === null || key === null) return
  const { nix } = ctx.host
  const { organisation, project } = projectId(name)
  const link = keptLink(ctx.config.stateDir, userName(organisation, project, key))
  await addRoot(nix, link, out)
}

/** Makes `link` point to `out` and keep it from the garbage collector. */
export async function addRoot(nix: Nix, link: string, out: string): Promise<void> {
  await mustRun(nix.query(addRootArgs(nix, link, out)))
}

/** Lets go of the build that is kept for an environment, once something else of it is live. */
export async function dropKept(
  ctx: Pick<Context, 'config'>,
  { project: name, key }: Pick<DeployRow, 'project' | 'key'>,
): Promise<void> {
  const { organisation, project } = projectId(name)
  if (key !== null) await rm(keptLink(ctx.config.stateDir, userName(organisation, project, key)), { force: true })
}

/** The link of the build that is kept for an environment. */
export function keptLink(stateDir: string, user: string): string {
  return join(stateDir, 'roots', `kept-${user}`)
}
