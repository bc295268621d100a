// What a session at a door leads to: a push, a fetch, or a word. The door says who it is and what it wants, nothing more.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalBranch } from './config/grants.ts'
import type { Limits } from './config/limits.ts'
import type { Context } from './context.ts'
import { diskFull, isDiskFull } from './lib/disk-full.ts'
import { isCollected } from './lib/git-gc.ts'
import { printable } from './lib/printable.ts'
import { gitStandsBy } from './lib/ref-transaction.ts'
import { discard, makeTemporary, parseProjectPath, projectName, repositoryPath } from './lib/repositories.ts'
import { receivePush } from './pipeline.ts'
import { packageDir } from './prepare.ts'
import { enoughDisk } from './receive/enough-disk.ts'
import type { Ended } from './receive/git-io.ts'
import { type ReceiveEnd, receivePack } from './receive/receive-pack.ts'
import type { Room } from './receive/tidy.ts'
import { uploadArchive, uploadPack } from './receive/upload.ts'
import { type ProjectId, Refused } from './records.ts'
import { byteSize } from './report/units.ts'
import { wrap } from './report/wrap.ts'
import { decide } from './state/decide.ts'
import type { GitSession } from './transport/ssh/types.ts'

/** Serves one git session to its end and says its exit. Never throws. */
export async function serveGit(ctx: Context, buildsAreSandboxed: boolean, session: GitSession): Promise<void> {
  ctx.sessions.add(session)
  try {
    const project = parseProjectPath(session.path)
    const receiving = session.service === 'git-receive-pack'
    comeIn(ctx, session, project)
    if (receiving && !buildsAreSandboxed && !session.pusher.admin)
      throw new Refused('builds are not sandboxed on this host, so only administrators may push', {
        help: ['Its operator can set sandbox = true in nix.conf, or allow it with --allow-unsandboxed-builds.'],
      })
    const ended = receiving ? await servePush(ctx, session, project) : await serveReader(ctx, session, project)
    await (ended.signal !== null ? session.exitSignal(ended.signal) : session.exit(ended.code ?? 1))
  } catch (error) {
    session.stderr.write(`hostenv: ${sentence(ctx, error)}\n`)
    await session.exit(1)
  } finally {
    ctx.sessions.delete(session)
  }
}

// The same answer for what does not exist and for what may not be seen. What a push does is decided ref by ref.
function comeIn(ctx: Context, session: GitSession, project: ProjectId): void {
  const { people } = ctx.state
  const name = projectName(project)
  const receiving = session.service === 'git-receive-pack'
  const question = { action: receiving ? 'push' : 'fetch', project: name, key: null, subject: session.service } as const
  const entered = receiving ? people.mayEnter(session.pusher, name) : decide(ctx.state, session, question).allowed
  if (receiving && !entered) decide(ctx.state, session, question)
  if (!entered) throw noSuchProject(project)
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
  let refused = false
  let received: ReceiveEnd | null = null
  try {
    const packed = () =>
      session.stderr.write(`hostenv: ${name} is being packed (git gc); this push goes on after that\n`)
    const collecting = ctx.tidy.running(repository)
    if (collecting) packed()
    await collecting
    const room = await ctx.tidy.room(repository)
    await using refs = gitStandsBy(repository, ctx.host.path)
    const push = { project, pusher: session.pusher, peer: session.peer, repository, fresh, refs }
    received = await receivePack(session, {
      ...{ repository, hooksDir: join(packageDir, 'hooks'), path: ctx.host.path },
      limits: { ...limits, packBytes: room.packBytes },
      tooLarge: tooLarge(name, room, limits),
      // The operator's gc takes the same lock.
      waiting: () =>
        void isCollected(repository, ctx.host.path).then(
          (held) => held && packed(),
          () => undefined,
        ),
      lines: (sentences) => sentences.flatMap((sentence) => wrap(printable(sentence), { first: '' })),
      // Whoever ends git ends the push, as the client does that hangs up.
      decide: async (updates, words, gone) => {
        const closed = AbortSignal.any([session.closed, gone])
        const verdicts = await receivePush(ctx, { ...push, closed }, updates, words)
        refused = verdicts?.some(({ ok }) => !ok) ?? false
        return verdicts
      },
    })
    return received
  } finally {
    // What is committed but not renamed yet is finished by the next start.
    const needed = ctx.state.deploys.open().some((row) => row.repository === repository)
    if (fresh && !needed) await discard(repository)
    // Nobody waits for it: the pusher has their answer.
    if (existsSync(final))
      void ctx.tidy.afterPush(final, name, {
        refused: refused ? (received?.bytes ?? 0) : 0,
        tooLarge: received?.tooLarge ?? false,
        killed: received?.signal != null,
      })
  }
}

// What git says in five words: which limit it was, how near the repository is to it, and what there is to do.
function tooLarge(name: string, room: Room, limits: Limits): string[] {
  if (!room.full)
    return [
      `This push is larger than ${byteSize(limits.packBytes)}, the most that one may bring (packBytes).`,
      'Push an earlier commit first and then the rest, or keep large files out of git.',
    ]
  const again = room.refused > 0 ? ['What refused pushes left there is being cleared: push again in a minute.'] : []
  return [
    `${name} takes ${byteSize(room.used)} here and may take ${byteSize(limits.repositoryBytes)}: this push does not fit.`,
    ...again,
    'Keep large files out of git, or ask the operator of the receiver to raise repositoryBytes.',
  ]
}

async function serveReader(ctx: Context, session: GitSession, project: ProjectId): Promise<Ended> {
  const repository = repositoryPath(ctx.config.stateDir, projectName(project))
  if (!existsSync(repository)) throw noSuchProject(project)
  const serve = session.service === 'git-upload-archive' ? uploadArchive : uploadPack
  return await serve(session, { repository, path: ctx.host.path, limits: ctx.config.limits })
}

function noSuchProject(project: ProjectId): Refused {
  return new Refused(`no project ${projectName(project)}, or no right to it`, {
    help: ['ssh HOST envs lists what this key may see.'],
  })
}

function sentence(ctx: Context, error: unknown): string {
  if (isDiskFull(error)) return sentence(ctx, diskFull())
  if (error instanceof Refused) return [error.message, ...error.help].join('\nhostenv: ')
  ctx.log.error({ err: error }, 'a session failed for a reason of the receiver')
  return 'the receiver could not do its part; its operator finds the cause in its log'
}
