// The one place that starts processes. Commands are argv data; there is no shell anywhere.
import { type ChildProcess, spawn as nodeSpawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { type Child, endGroup, launch, runs } from './launch.ts'
import type { Bounds } from './usage.ts'

/** A command as data: what to run, never a shell string. `env` is the whole environment, nothing is inherited. */
export interface Command {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /**
   * What it reads. A promise, or pieces that come: it is started and waits for them; where they fail the command is ended. Pieces are
   * asked for only as it reads them.
   */
  readonly input?: string | Promise<string> | AsyncIterable<Buffer>
}

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Milliseconds from when it has its input; the command is killed after that. */
  readonly timeout?: number
  /** Bytes of stdout and of stderr that are kept and told; more is cut, the command goes on. */
  readonly maxBuffer?: number
  /** What it may use with all that it starts; whoever counts ends it then (`boundedRuns`). */
  readonly bounds?: Bounds
  readonly onStdout?: (line: string) => void
  readonly onStderr?: (line: string) => void
}

export interface Ran {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  readonly cancelled: boolean
  /** Which of its bounds it was over when it was ended, as a clause; null when it was not. */
  readonly over: string | null
  /** Milliseconds from when it had its input. */
  readonly duration: number
}

/** Runs a command to its end. Never throws for a command that fails; throws when it cannot be started, or gets no input. */
export async function run(command: Command, options: RunOptions = {}): Promise<Ran> {
  let started = performance.now()
  const { argv, env, cwd, input } = command
  // Heard of below, but perhaps not before it is rejected.
  if (input instanceof Promise) input.catch(() => undefined)
  const child = await launch({
    ...{ argv, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] },
    // A process group of its own, so that all of it can be ended: bwrap and unshare have children that, for a moment after
    // their start, would not notice the end of their parent.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  // Who does not read all of its input may end before it has it.
  child.stdin?.on('error', () => undefined)
  const ending = endings(child, options)
  let withheld: { readonly error: unknown } | null = null
  const give = (text?: string) => {
    started = performance.now()
    ending.begin()
    child.stdin?.end(text)
  }
  const withhold = (error: unknown) => {
    withheld = { error }
    if (runs(child)) endGroup(child)
  }
  let given: Promise<void> | undefined
  if (input instanceof Promise) input.then(give, withhold)
  else if (typeof input === 'object') given = pour(input, child.stdin).then(() => give(), withhold)
  else give(input)
  const most = options.maxBuffer ?? 16 * 1024 * 1024
  const stdout = listen(child.stdout, most, options.onStdout)
  const stderr = listen(child.stderr, most, options.onStderr)
  await closed
  await given
  ending.done()
  if (withheld !== null) throw (withheld as { error: unknown }).error
  return {
    code: child.exitCode,
    signal: child.signalCode,
    stdout: stdout(),
    stderr: stderr(),
    timedOut: ending.why() === 'timeout',
    cancelled: ending.why() === 'cancel',
    over: ending.over(),
    duration: performance.now() - started,
  }
}

// Gives piece for piece, as fast as they are read. Whoever has ended reads no more: its exit says why.
async function pour(pieces: AsyncIterable<Buffer>, into: Writable | null): Promise<void> {
  for await (const piece of pieces) {
    if (into === null || into.destroyed) return
    if (into.write(piece)) continue
    await new Promise<void>((resolve) => {
      const on = () => {
        into.off('drain', on).off('close', on)
        resolve()
      }
      into.once('drain', on).once('close', on)
    })
  }
}

/** A command that runs within bounds. */
export interface BoundedRun {
  /** Its first process. */
  readonly pid: number
  readonly bounds: Bounds
  /** Ends it; its caller gets to know why. */
  end(why: string): void
}

const bounded = new Set<BoundedRun>()

/** Every command with bounds that runs now. */
export function boundedRuns(): readonly BoundedRun[] {
  return [...bounded]
}

type Ending = 'timeout' | 'cancel' | 'bounds'

/** Milliseconds that the output of a command may stay open once it has ended: somebody else holds it then. */
const outputGrace = 2000

// Ends a command's whole process group when its time is up or nobody wants it any more, and says which it was.
function endings(child: Child, { signal, timeout, bounds }: RunOptions) {
  let why: Ending | null = null
  let over: string | null = null
  const end = (reason: Ending) => () => {
    why ??= reason
    endGroup(child)
  }
  const cancel = end('cancel')
  const run: BoundedRun | null =
    bounds === undefined || child.pid === undefined
      ? null
      : {
          ...{ pid: child.pid, bounds },
          end: (what) => {
            if (why === null) over = what
            end('bounds')()
          },
        }
  if (run) bounded.add(run)
  let timer: NodeJS.Timeout | undefined
  if (signal?.aborted) cancel()
  else signal?.addEventListener('abort', cancel)
  child.once('exit', () => {
    setTimeout(() => {
      child.stdout?.destroy()
      child.stderr?.destroy()
    }, outputGrace).unref()
  })
  return {
    begin: () => {
      if (timeout !== undefined && runs(child)) timer = setTimeout(end('timeout'), timeout)
    },
    why: () => why,
    over: () => over,
    done: () => {
      if (run) bounded.delete(run)
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    },
  }
}

/** Runs a command that must succeed; answers its stdout. Throws an Error with the last line of its stderr otherwise. */
export async function mustRun(command: Command, options: RunOptions = {}): Promise<string> {
  const ran = await run(command, options)
  if (ran.code === 0) return ran.stdout
  const how = ran.timedOut ? 'timed out' : ran.code === null ? `was ended by ${ran.signal}` : `exited ${ran.code}`
  const said = ran.stderr.trim().split('\n').at(-1) ?? ''
  throw new Error(`${command.argv.slice(0, 3).join(' ')} ${how}${said ? `: ${said}` : ''}`)
}

/** Starts a long-lived process with raw stdio (descriptors beyond 2 become socket pairs), for git and for services. */
export function start(
  command: Command,
  stdio: ('pipe' | 'ignore' | number)[],
  options: { detached?: boolean } = {},
): ChildProcess {
  const [file, ...args] = command.argv
  return nodeSpawn(file, args, {
    env: { ...command.env },
    stdio,
    detached: options.detached ?? false,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  })
}

/** Characters of a line that are told. */
const longestLine = 4096

// Keeps the first `most` bytes and tells their lines, holding no more than that. Answers what it kept, without the final line feed.
function listen(stream: Readable | null, most: number, each?: (line: string) => void): () => string {
  const kept: Buffer[] = []
  let size = 0
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const tell = (text: string) => {
    const lines = (rest + text).split('\n')
    // What is over is cut: a line without an end costs neither memory nor the reader's patience.
    rest = (lines.pop() ?? '').slice(0, longestLine + 1)
    for (const line of lines) each?.(line.length > longestLine ? `${line.slice(0, longestLine)}…` : line)
  }
  stream?.on('error', () => undefined)
  stream?.on('data', (chunk: Buffer) => {
    if (size > most) return
    const fitting = chunk.subarray(0, most - size)
    kept.push(fitting)
    size += chunk.length
    if (!each) return
    tell(decoder.write(fitting))
    if (size > most) tell(`\n(it writes more than ${most / 1024} KiB; the rest is left out)\n`)
  })
  stream?.on('end', () => {
    if (each && rest + decoder.end() !== '') each(rest)
  })
  return () => Buffer.concat(kept).toString('utf8').replace(/\n$/, '')
}
