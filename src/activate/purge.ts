// The end of an environment: everything on disk that is its own. Its rows go after that, so a crash here is redone.
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { projectId } from '../lib/repositories.ts'
import { run } from '../lib/spawn.ts'
import { environmentDir } from './host.ts'
import { placeOf } from './plan.ts'
import { keptLink } from './roots.ts'

/** Removes data, state, profile, sockets and kept builds of an environment whose services are stopped. Idempotent. */
export async function removeFiles(ctx: Context, project: string, key: string): Promise<void> {
  await removeFilesOf(ctx, placeOf(ctx, projectId(project), key).facts.userName)
}

/** The same for a user name. */
export async function removeFilesOf(ctx: Context, userName: string): Promise<void> {
  const { stateDir, runtimeDir } = ctx.config
  await rm(keptLink(stateDir, userName), { force: true })
  const sockets = ['upstream', 'user'].map((name) => join(runtimeDir, name, userName))
  for (const folder of [...sockets, environmentDir(ctx.host, userName)]) await removeTree(ctx, folder)
}

// What an environment made read-only is removed too. chmod(1) follows no link on its way down.
async function removeTree(ctx: Context, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined)
  if (!existsSync(folder)) return
  await run({ argv: ['chmod', '-R', 'u+rwX', folder], env: { PATH: ctx.host.path } })
  await rm(folder, { recursive: true, force: true })
}
