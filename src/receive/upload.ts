// What readers get: `git upload-pack` (clone, fetch) and `git upload-archive` (git archive --remote). No hooks, nothing changes.
import { PassThrough } from 'node:stream'
import { git } from '../lib/git.ts'
import { start } from '../lib/spawn.ts'
import { tailOf } from '../lib/tail.ts'
import { Refused } from '../records.ts'
import { clientEnv, connect, type Ended, exit, type GitIo } from './git-io.ts'
import { pkt } from './pkt-line.ts'
import { unreachable } from './reachable.ts'
import { NotReachable, WantGuard } from './want-guard.ts'

export interface Upload {
  readonly repository: string
  readonly path: string
  readonly limits: { readonly archiveTime: number }
}

/** Serves a clone or a fetch: shallow and partial ones too, and by id whatever a ref reaches, but nothing else. */
export async function uploadPack(io: GitIo, { repository, path }: Omit<Upload, 'limits'>): Promise<Ended> {
  const settings = [
    'uploadpack.allowFilter=true',
    // Its patterns would be read from any file that the client names, one that no ref reaches too.
    'uploadpackfilter.sparse:oid.allow=false',
    // The guard has looked already, and git's own look takes every file for reachable.
    'uploadpack.allowAnySHA1InWant=true',
  ]
  const { child, end } = begin(io, git(repository, path, ['upload-pack', '--strict', '.'], settings))
  const guard = new WantGuard(io.gitProtocol, (wants) => unreachable(repository, path, wants))
  let refused = false
  guard.once('error', (error) => {
    refused = true
    io.stdout.write(
      pkt(`ERR upload-pack: ${error instanceof NotReachable ? error.message : 'this request cannot be read'}`),
    )
    child.kill('SIGTERM')
  })
  connect(io, child, guard)
  const ended = await end()
  return refused ? { code: 128, signal: null } : ended
}

/**
 * Serves `git archive --remote`: of refs and the folders in them, never of an id alone (git-upload-archive(1)). What is only kept may be
 * a tree that nobody can read to its end, so git has so much time of the processor for it, however slow its reader is. Throws Refused
 * when that was not enough.
 */
export async function uploadArchive(io: GitIo, { repository, path, limits }: Upload): Promise<Ended> {
  const settings = ['uploadArchive.allowUnreachable=false', 'tar.umask=022']
  const seconds = Math.ceil(limits.archiveTime / 1000)
  const { child, end } = begin(io, git(repository, path, ['upload-archive', '.'], settings), [
    'prlimit',
    `--cpu=${seconds}`,
  ])
  const said = tailOf(child.stderr, 4096)
  connect(io, child, new PassThrough())
  const ended = await end()
  // RLIMIT_CPU ends the git that writes it, and the one that started that says so (run-command.c).
  if (/died of signal (9|24)/.test(said()))
    throw new Refused(`this archive takes more than ${seconds} s of the processor`, {
      help: ['Clone the repository instead.', 'Its operator can raise limits.archiveTime.'],
    })
  return ended
}

function begin(io: GitIo, command: ReturnType<typeof git>, within: readonly string[] = []) {
  const argv = ['setpriv', '--pdeathsig', 'KILL', ...within, ...command.argv] as [string, ...string[]]
  const child = start({ ...command, argv, env: { ...command.env, ...clientEnv(io) } }, ['pipe', 'pipe', 'pipe'])
  return { child, end: () => exit(child) }
}
