// Lines to the pusher's terminal, through the hook's stderr. A client that is gone or does not read never holds up a deploy.
import { columns } from './width.ts'

export interface LineSink {
  line(text: string): void
  /** Resolves once what was accepted is written, the other side is gone, or it did not read for two seconds. Does not end the stream. */
  close(): Promise<void>
}

export interface TerminalSink extends LineSink {
  /** Draws one line in place of the one drawn before; the next line takes its place. False: not drawn, as the reader is behind. */
  redraw(text: string): boolean
  /** True while lines are left out. */
  readonly full: boolean
}

const MAX_BUFFERED = 256 * 1024
const PATIENCE = 2000

/** Writes lines to `stream`, at most `maxBuffered` bytes ahead of its reader; beyond that lines are left out, and one line says so. */
export function sideband(stream: NodeJS.WritableStream, maxBuffered = MAX_BUFFERED): TerminalSink {
  let pending = 0
  let leftOut = 0
  let gone = false
  /** Columns of the line that is drawn and will be overwritten. */
  let drawn = 0
  let idle = Promise.withResolvers<void>()
  idle.resolve()

  const leave = (): void => {
    gone = true
    idle.resolve()
  }
  // EPIPE and the like: the deploy goes on, nobody listens.
  stream.on('error', leave)
  stream.on('close', leave)

  const write = (text: string): void => {
    const bytes = Buffer.from(text)
    if (pending === 0) idle = Promise.withResolvers()
    pending += bytes.length
    stream.write(bytes, () => {
      pending -= bytes.length
      if (pending < maxBuffered / 2) catchUp()
      if (pending === 0) idle.resolve()
    })
  }
  // git writes `remote: ` after each \r, and clears behind a text that ends in one; on a dumb terminal it only adds eight spaces.
  const erased = (): string => {
    const blank = drawn === 0 ? '' : `${' '.repeat(drawn)}\r`
    drawn = 0
    return blank
  }
  const writeLine = (text: string): void => write(`${erased()}${text}\n`)
  const catchUp = (): void => {
    if (leftOut === 0 || gone) return
    const n = leftOut
    leftOut = 0
    writeLine(`       (${n} ${n === 1 ? 'line was' : 'lines were'} left out: they were not read in time)`)
  }
  const isFull = (more: number): boolean => leftOut > 0 || pending + more > maxBuffered
  return {
    get full() {
      return isFull(1)
    },
    line(text) {
      if (gone || !stream.writable) return
      if (isFull(text.length)) leftOut++
      else writeLine(text)
    },
    redraw(text) {
      if (gone || !stream.writable || pending > 0) return false
      const width = columns(text)
      write(`${text}${' '.repeat(Math.max(0, drawn - width))}\r`)
      drawn = width
      return true
    },
    async close() {
      catchUp()
      if (!gone && drawn > 0) write(erased())
      if (gone || pending === 0) return
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, PATIENCE)
      await Promise.race([idle.promise, patience.promise])
      clearTimeout(timer)
    },
  }
}
