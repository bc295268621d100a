// One push through the real `git receive-pack`: bytes in, hooks answered over inherited descriptors, verdicts out.
import type { ChildProcess } from 'node:child_process'
import type { Duplex, Writable } from 'node:stream'
import { diskFullWords, noRoom } from '../lib/disk-full.ts'
import { git, needsMemory, outOfMemory, withMemory } from '../lib/git.ts'
import { repositoryLock } from '../lib/repositories.ts'
import { start } from '../lib/spawn.ts'
import { tailOf } from '../lib/tail.ts'
import type { Refused, Verdict } from '../records.ts'
import { atOnce, clientEnv, connect, type Ended, exit, type GitIo } from './git-io.ts'
import { type ProcReceive, readPreReceive, readProcReceive, writeVerdicts } from './hook-talk.ts'
import { judgePush } from './judge-push.ts'
import { type WireHead, WireTap } from './wire.ts'

/** What is to be decided, and how the client wants to be told. */
export type Received = ProcReceive & Pick<WireHead, 'quiet'>

export interface ReceivePack {
  readonly repository: string
  readonly hooksDir: string
  readonly path: string
  readonly limits: { readonly refsPerPush: number; readonly packBytes: number; readonly gitMemory: number }
  /** What is told to who sends a pack larger than `packBytes`. */
  readonly tooLarge: readonly string[]
  /** Milliseconds in which the second hook says all of its push once the first has its answer; left out: a minute. */
  readonly patience?: number
  /** Called when git has not begun after a moment: it waits for the repository's lock. */
  readonly waiting: () => void
  /** Fits sentences for the pusher into lines of a terminal. */
  readonly lines: (sentences: readonly string[]) => readonly string[]
  /**
   * Decides every ref and moves those it accepts; `words` goes to the pusher's terminal, `gone` aborts when git ends before it
   * has its answer. Must not throw; null gives git no answer.
   */
  readonly decide: (push: Received, words: Writable, gone: AbortSignal) => Promise<readonly Verdict[] | null>
}

/** Milliseconds in which git begins to speak where nobody holds it up. */
const MOMENT = 500

export interface ReceiveEnd extends Ended {
  /** Bytes that the client sent. */
  readonly bytes: number
  /** Whether its pack was larger than `packBytes`. */
  readonly tooLarge: boolean
}

/** Runs one push to its end. Never rejects because of the client. */
export async function receivePack(io: GitIo, options: ReceivePack): Promise<ReceiveEnd> {
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
      // Each thread has an object whole and the one that is made of it, and 96 MiB of others.
      'pack.threads=2',
      'receive.denyDeleteCurrent=ignore',
      'receive.denyCurrentBranch=ignore',
      'receive.hideRefs=refs/hostenv',
    ],
  )
  const { gitMemory } = options.limits
  const argv = [
    ...['setpriv', '--pdeathsig', 'KILL', ...withMemory(gitMemory)],
    ...['flock', '--shared', '--no-fork', repositoryLock, ...command.argv],
  ]
  const child = start({ ...command, argv: argv as [string, ...string[]], env: { ...command.env, ...clientEnv(io) } }, [
    'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
  ])
  // It says nothing before it holds the lock (flock(1)).
  const waiting = setTimeout(options.waiting, MOMENT)
  for (const stream of [child.stdout, child.stderr]) stream?.once('data', () => clearTimeout(waiting))
  child.once('exit', () => clearTimeout(waiting))
  const tap = new WireTap()
  connect(io, child, tap)
  atOnce(io.stdout, child)
  const tell = (sentences: readonly string[]) => {
    if (sentences.length > 0) io.stderr.write(`${options.lines(sentences).join('\n')}\n`)
  }
  // At once: a client that gives up while git still speaks to it closes the whole channel in a moment.
  tap.once('finish', () => tell(tap.silent ? silentHelp : []))
  const said = listen(child)
  const [, , , pre, proc, words] = child.stdio as unknown as [unknown, unknown, unknown, Duplex, Duplex, Duplex]
  for (const channel of [pre, proc, words]) channel.on('error', () => undefined)
  const gone = new AbortController()
  // A hook that was killed has said nothing, and what it started may keep git waiting for it.
  const late = new AbortController()
  let patience: NodeJS.Timeout | undefined
  const judged = answerPreReceive(pre, tap, options).finally(() => {
    patience = setTimeout(() => late.abort(), options.patience ?? 60_000)
  })
  child.once('exit', () => {
    gone.abort()
    pre.destroy()
  })
  const decided = answerProcReceive(proc, words, tap, options, { gone: gone.signal, late: late.signal })
  const answered = Promise.allSettled([judged, decided])
  const ended = await exit(child)
  // The hooks' ends are closed now, so both answers end by themselves.
  await answered
  clearTimeout(patience)
  for (const channel of [pre, proc, words]) channel.destroy()
  // git says these in few words, where nobody learns what to do about them.
  const help = [
    ...(tap.head.shallow && said(shallowRefused) ? shallowHelp : []),
    ...(said(packRefused) ? options.tooLarge : []),
    ...(said(notUnpacked) && said(outOfMemory) ? sentences(needsMemory(gitMemory)) : []),
    ...((await isFull(options.repository, said)) ? diskFullHelp : []),
  ]
  tell(help)
  return { ...ended, bytes: tap.size, tooLarge: said(packRefused) }
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
  { gone, late }: { readonly gone: AbortSignal; readonly late: AbortSignal },
): Promise<void> {
  // A hook that was killed, or whose git was, before it had said all, waits for an answer as its receiver waits for the rest, for ever.
  const neverSaid = () => {
    channel.destroy()
    words.destroy()
  }
  const unsaid = AbortSignal.any([gone, late])
  unsaid.addEventListener('abort', neverSaid, { once: true })
  try {
    const push = await readProcReceive(channel, options.limits.refsPerPush).finally(() =>
      unsaid.removeEventListener('abort', neverSaid),
    )
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

const shallowRefused = 'shallow update not allowed'
const shallowHelp = [
  'This push comes from a shallow clone that lacks history which the receiver lacks too.',
  'Get it and push again: git fetch --unshallow',
]
const diskFullHelp = ['The disk of the receiver is full. Its operator has to make room; then push again.']
// What a project prints passes here too, but not where its pack could not be taken.
const notUnpacked = /unpack (index-pack|unpack-objects|unable)/
const packRefused = 'pack exceeds maximum allowed size'
// A client whose repository has other ids than SHA-1 gives up at the first line it reads, and its reason says no way out
// (send-pack.c: "the receiving end does not support this repository's hash algorithm").
const silentHelp = [
  'The client went away without pushing anything. If git speaks of a hash algorithm or of unexpected capabilities, its repository has SHA-256 ids: this receiver takes SHA-1, the default of git init.',
  'See which it has: git rev-parse --show-object-format',
  'A repository cannot be changed; make a new one, commit the files there, and push that: git init --object-format=sha1',
]

function sentences({ message, help }: Refused): string[] {
  return [`${message}.`, ...help]
}

async function isFull(repository: string, said: ReturnType<typeof listen>): Promise<boolean> {
  return said(notUnpacked) && (said(diskFullWords) || (await noRoom(repository)))
}

/** Answers whether git has said that among the last things: its report is a few lines (gitprotocol-pack(5), report-status). */
function listen(child: ChildProcess): (words: string | RegExp) => boolean {
  const said = tailOf(child.stdout, 64 * 1024)
  return (words) => said().search(words) !== -1
}
