// Lines to the pusher's terminal, through the hook's stderr. A client that is gone or does not read never holds up a deploy.

export interface LineSink {
  line(text: string): void
  /** Resolves once what was accepted is written, the other side is gone, or it did not read for two seconds. Does not end the stream. */
  close(): Promise<void>
}

const MAX_BUFFERED = 256 * 1024
const PATIENCE = 2000

/** Writes lines to `stream`, at most `maxBuffered` bytes ahead of its reader; beyond that lines are left out, and one line says so. */
export function sideband(stream: NodeJS.WritableStream, maxBuffered = MAX_BUFFERED): LineSink {
  let pending = 0
  let leftOut = 0
  let gone = false
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
    const bytes = Buffer.from(`${text}\n`)
    if (pending === 0) idle = Promise.withResolvers()
    pending += bytes.length
    stream.write(bytes, () => {
      pending -= bytes.length
      if (pending < maxBuffered / 2) catchUp()
      if (pending === 0) idle.resolve()
    })
  }
  const catchUp = (): void => {
    if (leftOut === 0 || gone) return
    const n = leftOut
    leftOut = 0
    write(`       (${n} ${n === 1 ? 'line was' : 'lines were'} left out: they were not read in time)`)
  }
  return {
    line(text) {
      if (gone || !stream.writable) return
      if (leftOut > 0 || pending + text.length > maxBuffered) leftOut++
      else write(text)
    },
    async close() {
      catchUp()
      if (gone || pending === 0) return
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, PATIENCE)
      await Promise.race([idle.promise, patience.promise])
      clearTimeout(timer)
    },
  }
}
