// A git that serves a client: their ends joined, and its own end waited for.
import type { ChildProcess } from 'node:child_process'
import type { Readable, Transform, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { flush } from './pkt-line.ts'

/** The client's end, whichever door it came through. */
export interface GitIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly gitProtocol: string | null
  /** Aborts when the client is gone. */
  readonly closed: AbortSignal
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

/** Joins the client's ends and git's, with `tap` in the client's way to git. */
export function connect(io: GitIo, child: ChildProcess, tap: Transform): void {
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
}

/**
 * Sends git's first words as one, up to the flush that ends them: ssh closes the channel when there is more to write to a git
 * that gave up at their first line, and nobody would read why.
 */
export function atOnce(to: Writable, { stdout }: ChildProcess): void {
  let size = 0
  to.cork()
  const look = (chunk: Buffer) => {
    size += chunk.length
    if (size < 32 * 1024 && !chunk.subarray(-4).equals(flush)) return
    stdout?.off('data', look)
    to.uncork()
  }
  stdout?.on('data', look)
}

/** Waits until git has ended and said all. */
export async function exit(child: ChildProcess): Promise<Ended> {
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  await Promise.allSettled([child.stdout, child.stderr].map((stream) => (stream ? finished(stream) : null)))
  return await ended
}

/** What of a client's environment git gets. */
export function clientEnv(io: GitIo): Record<string, string> {
  return io.gitProtocol === null ? {} : { GIT_PROTOCOL: io.gitProtocol }
}
