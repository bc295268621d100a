// What a session at a door leads to: a push, a fetch, or a word. The door says who it is and what it wants, nothing more.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalBranch } from './config/grants.ts'
import type { Context } from './context.ts'
import { printable } from './lib/printable.ts'
import { discard, makeTemporary, parseProjectPath, projectName, repositoryPath } from './lib/repositories.ts'
import { receivePush } from './pipeline.ts'
import { packageDir } from './prepare.ts'
import { enoughDisk } from './receive/enough-disk.ts'
import { type Ended, receivePack, uploadPack } from './receive/receive-pack.ts'
import { type ProjectId, Refused } from './records.ts'
import { wrap } from './report/wrap.ts'
import type { GitSession } from './transport/ssh/types.ts'

/** Serves one git session to its end and says its exit. Never throws. */
export async function serveGit(ctx: Context, buildsAreSandboxed: boolean, session: GitSession): Promise<void> {
  ctx.sessions.add(session)
  try {
    const project = parseProjectPath(session.path)
    // The same answer for what does not exist and for what may not be seen.
    if (!ctx.state.people.mayEnter(session.pusher, projectName(project))) throw noSuchProject(project)
    const receiving = session.service === 'git-receive-pack'
    if (receiving && !buildsAreSandboxed && !session.pusher.admin)
      throw new Refused('builds are not sandboxed on this host, so only administrators may push', {
        help: ['Its operator can set sandbox = true in nix.conf, or allow it with --allow-unsandboxed-builds.'],
      })
    const ended = receiving ? await servePush(ctx, session, project) : await serveUploadPack(ctx, session, project)
    await (ended.signal !== null ? session.exitSignal(ended.signal) : session.exit(ended.code ?? 1))
  } catch (error) {
    session.stderr.write(`hostenv: ${sentence(ctx, error)}\n`)
    await session.exit(1)
  } finally {
    ctx.sessions.delete(session)
  }
}

// Floods are stopped before git starts.
async function servePush(ctx: Context, session: GitSession, project: ProjectId): Promise<Ended> {
  const left = ctx.pushes.enter(ctx.state.people.account(session.pusher), ctx.config.limits)
  try {
    await enoughDisk([ctx.config.stateDir, ctx.host.nix.storeDir], ctx.config.limits.freeDiskBytes)
    return await serveReceivePack(ctx, session, project)
  } finally {
    left()
  }
}

async function serveReceivePack(ctx: Context, session: GitSession, project: ProjectId): Promise<Ended> {
  const name = projectName(project)
  const { stateDir, limits } = ctx.config
  const final = repositoryPath(stateDir, name)
  const fresh = !existsSync(final)
  const repository = fresh ? await makeTemporary(stateDir, ctx.host.path, canonicalBranch(ctx.config, name)) : final
  try {
    const push = { project, pusher: session.pusher, repository, fresh }
    return await receivePack(session, {
      ...{ repository, hooksDir: join(packageDir, 'hooks'), path: ctx.host.path, limits },
      lines: (sentences) => sentences.flatMap((sentence) => wrap(printable(sentence), { first: '' })),
      // Whoever ends git ends the push, as the client does that hangs up.
      decide: (updates, words, gone) =>
        receivePush(ctx, { ...push, closed: AbortSignal.any([session.closed, gone]) }, updates, words),
    })
  } finally {
    // What is committed but not renamed yet is finished by the next start.
    const needed = ctx.state.deploys.open().some((row) => row.repository === repository)
    if (fresh && !needed) await discard(repository)
  }
}

async function serveUploadPack(ctx: Context, session: GitSession, project: ProjectId): Promise<Ended> {
  const repository = repositoryPath(ctx.config.stateDir, projectName(project))
  if (!existsSync(repository)) throw noSuchProject(project)
  return await uploadPack(session, { repository, path: ctx.host.path })
}

function noSuchProject(project: ProjectId): Refused {
  return new Refused(`no project ${projectName(project)}, or no right to it`, {
    help: ['ssh HOST envs lists what this key may see.'],
  })
}

function sentence(ctx: Context, error: unknown): string {
  if (error instanceof Refused) return [error.message, ...error.help].join('\nhostenv: ')
  ctx.log.error({ err: error }, 'a session failed for a reason of the receiver')
  return 'the receiver could not do its part; its operator finds the cause in its log'
}
