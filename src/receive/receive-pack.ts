// One push through the real `git receive-pack`: bytes in, hooks answered over inherited descriptors, verdicts out.
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { git } from '../lib/git.ts'
import { start } from '../lib/spawn.ts'
import type { Verdict } from '../records.ts'
import { type ProcReceive, readPreReceive, readProcReceive, writeVerdicts } from './hook-talk.ts'
import { judgePush } from './judge-push.ts'
import { type WireHead, WireTap } from './wire.ts'

/** The client's end, whichever door it came through. */
export interface GitIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly gitProtocol: string | null
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal
}

/** What is to be decided, and how the client wants to be told. */
export type Received = ProcReceive & Pick<WireHead, 'quiet'>

export interface ReceivePack {
  readonly repository: string
  readonly hooksDir: string
  readonly path: string
  readonly limits: { readonly refsPerPush: number; readonly packBytes: number }
  /** Fits sentences for the pusher into lines of a terminal. */
  readonly lines: (sentences: readonly string[]) => readonly string[]
  /**
   * Decides every ref and moves those it accepts; `words` goes to the pusher's terminal, `gone` aborts when git ends before it
   * has its answer. Must not throw; null gives git no answer.
   */
  readonly decide: (push: Received, words: Writable, gone: AbortSignal) => Promise<readonly Verdict[] | null>
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

/** The lock file that each receive-pack holds shared; recovery takes it alone before it removes stale files. */
export const receiveLock = 'hostenv.lock'

/** Runs one push to its end. Never rejects because of the client. */
export async function receivePack(io: GitIo, options: ReceivePack): Promise<Ended> {
  const command = git(
    options.repository,
    options.path,
    ['receive-pack', '.'],
    [
      `core.hooksPath=${options.hooksDir}`,
      'receive.procReceiveRefs=refs',
      'receive.advertisePushOptions=true',
      'receive.advertiseAtomic=true',
      'receive.unpackLimit=1',
      'receive.fsckObjects=true',
      `receive.maxInputSize=${options.limits.packBytes}`,
      'receive.shallowUpdate=false',
      'receive.denyDeleteCurrent=ignore',
      'receive.denyCurrentBranch=ignore',
      'receive.hideRefs=refs/hostenv',
    ],
  )
  const argv = ['setpriv', '--pdeathsig', 'KILL', 'flock', '--shared', '--no-fork', receiveLock, ...command.argv]
  const child = start({ ...command, argv: argv as [string, ...string[]], env: { ...command.env, ...clientEnv(io) } }, [
    'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
  ])
  const tap = new WireTap()
  const refusesShallow = connect(io, child, tap)
  const [, , , pre, proc, words] = child.stdio as unknown as [unknown, unknown, unknown, Duplex, Duplex, Duplex]
  for (const channel of [pre, proc, words]) channel.on('error', () => undefined)
  const judged = answerPreReceive(pre, tap, options)
  const gone = new AbortController()
  child.once('exit', () => gone.abort())
  const decided = answerProcReceive(proc, words, tap, options, gone.signal)
  const ended = await exit(child)
  // The hooks' ends are closed now, so both answers end by themselves.
  await Promise.allSettled([judged, decided])
  for (const channel of [pre, proc, words]) channel.destroy()
  // git says this in its status line alone, where nobody learns what to do about it.
  if (refusesShallow()) io.stderr.write(`${options.lines(shallowHelp).join('\n')}\n`)
  return ended
}

async function answerPreReceive(channel: Duplex, tap: WireTap, options: ReceivePack): Promise<void> {
  const input = await readPreReceive(channel, 8 * 1024 ** 2)
  // A hook that gets no answer would wait for ever, and git with it.
  if (input === null) return void channel.destroy()
  const problems = options.lines(judgePush(tap.head, input, options.limits))
  channel.end(problems.length === 0 ? 'ok\n' : `no\n${problems.join('\n')}\n`)
}

async function answerProcReceive(
  channel: Duplex,
  words: Duplex,
  tap: WireTap,
  options: ReceivePack,
  gone: AbortSignal,
): Promise<void> {
  try {
    const push = await readProcReceive(channel, options.limits.refsPerPush)
    const verdicts = push && (await options.decide({ ...push, quiet: tap.head.quiet }, words, gone))
    words.end()
    if (verdicts === null) channel.destroy()
    else writeVerdicts(channel, verdicts)
  } catch (error) {
    words.destroy()
    channel.destroy()
    throw error
  }
}

const shallowHelp = [
  'This push comes from a shallow clone that lacks history which the receiver lacks too.',
  'Get it and push again: git fetch --unshallow',
]

/** Joins the client's ends and git's. Answers whether git has told the client by now that it takes no shallow history. */
function connect(io: GitIo, child: ChildProcess, tap: WireTap): () => boolean {
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('git was started without pipes')
  for (const stream of [io.stdin, io.stdout, io.stderr, stdin, stdout, stderr, tap]) stream.on('error', () => undefined)
  io.stdin.pipe(tap).pipe(stdin)
  stdout.pipe(io.stdout, { end: false })
  stderr.pipe(io.stderr, { end: false })
  // Without a client git still has to get rid of what it says, and has to learn that no more comes.
  const gone = () => {
    stdout.unpipe()
    stderr.unpipe()
    stdout.resume()
    stderr.resume()
    stdin.end()
  }
  if (io.closed.aborted) gone()
  else io.closed.addEventListener('abort', gone, { once: true })
  let said = ''
  let refused = false
  // git's last words are its report (gitprotocol-pack(5), report-status): a few lines, the end of all it says.
  stdout.on('data', (chunk: Buffer) => {
    if (!tap.head.shallow) return
    said = (said + chunk.toString('latin1')).slice(-64 * 1024)
    refused ||= said.includes('shallow update not allowed')
  })
  return () => refused
}

async function exit(child: ChildProcess): Promise<Ended> {
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  await Promise.allSettled([child.stdout, child.stderr].map((stream) => (stream ? finished(stream) : null)))
  return await ended
}

/** `git upload-pack` for a reader: the same ends, no hooks. */
export async function uploadPack(io: GitIo, options: { repository: string; path: string }): Promise<Ended> {
  const command = git(options.repository, options.path, ['upload-pack', '--strict', '.'])
  const argv = ['setpriv', '--pdeathsig', 'KILL', ...command.argv] as [string, ...string[]]
  const child = start({ ...command, argv, env: { ...command.env, ...clientEnv(io) } }, ['pipe', 'pipe', 'pipe'])
  connect(io, child, new WireTap())
  return await exit(child)
}

function clientEnv(io: GitIo): Record<string, string> {
  return io.gitProtocol === null ? {} : { GIT_PROTOCOL: io.gitProtocol }
}
