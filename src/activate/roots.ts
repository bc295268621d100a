// The links that keep builds from the garbage collector: while their deploys last, and of builds that were asked to be kept.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { userName } from '../lib/names.ts'
import { addRootArgs, type Nix } from '../lib/nix.ts'
import { projectId } from '../lib/repositories.ts'
import { mustRun, run } from '../lib/spawn.ts'
import { base32 } from '../lib/store-path.ts'
import { isWritable } from '../lib/writable.ts'
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
  if (await registerLink(nix, link, out)) return
  await mustRun(nix.query(addRootArgs(nix, link, out)))
}

// What nix-store(1) --add-root does, without the start of Nix, in a store that is this user's to write: a link to the link, named by its
// hash, among the roots (Nix manual, "Garbage Collector Roots"). It is made under the collector's lock, shared: a collection is over by then,
// and took the path with it or did not, or it begins later and finds the root. Decision 0052.
async function registerLink({ storeDir, path, realPath }: Nix, link: string, out: string): Promise<boolean> {
  const state = join(storeDir, '../var/nix')
  const roots = join(state, 'gcroots/auto')
  if (!(await isWritable(roots))) return false
  if ((await readlink(link).catch(() => null)) !== out) {
    await rm(link, { force: true })
    await symlink(out, link)
  }
  const root = join(roots, base32(createHash('sha1').update(link).digest()))
  const lock = ['flock', '--shared', '--nonblock', join(state, 'gc.lock')] as const
  const linked = await run({ argv: [...lock, 'ln', '-sfT', link, root], env: { PATH: path, LC_ALL: 'C' } })
  return linked.code === 0 && existsSync(realPath(out))
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
