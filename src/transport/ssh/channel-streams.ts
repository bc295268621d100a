// Real streams over one ssh2 channel: they wait for the client's window and for the socket, and they outlive the client
// without an error, so that a deploy past its switch never notices that nobody listens any more.
import { Readable, Writable } from 'node:stream'
import type { ServerChannel } from 'ssh2'
import { forgetSentChunk } from './internals.ts'
import type { Link } from './link.ts'
import { garbageCounter } from './memory.ts'

export interface ChannelStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Sends what is still to be written, then the exit status (number) or signal (name), then closes. Once; resolves when all of it is handed to the connection. */
  finish(how: number | string): Promise<void>
  /** Tells the streams that the channel is gone. */
  cut(): void
}

const SLICE = 32 * 1024

const transferred = garbageCounter()

/** Wraps a channel. Buffers at most 64 KiB for each stream beside ssh2's own window of 2 MiB for stdin. */
export function channelStreams(channel: ServerChannel, link: Link): ChannelStreams {
  let gone = false
  let release = () => {}
  // One writer at a time: ssh2 has room for one waiting chunk in a channel.
  let turn = Promise.resolve()

  const send = async (to: Writable, chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += SLICE) {
      await link.room()
      transferred(Math.min(SLICE, chunk.length - at))
      if (gone || link.gone) return
      await new Promise<void>((resolve) => {
        release = resolve
        try {
          to.write(chunk.subarray(at, at + SLICE), () => resolve())
        } catch {
          // ssh2 throws once its connection is torn down; the link hears of it by itself.
          resolve()
        }
      })
      forgetSentChunk(channel)
    }
  }
  const sink = (to: Writable) =>
    new Writable({
      highWaterMark: 2 * SLICE,
      decodeStrings: true,
      // What waited together goes together (`cork`).
      writev(chunks: { chunk: Buffer }[], done) {
        turn = turn.then(() => send(to, Buffer.concat(chunks.map(({ chunk }) => chunk))))
        turn.then(() => done(), done)
      },
    }).on('error', () => {})

  const stdout = sink(channel)
  const stderr = sink(channel.stderr)
  const stdin = source(channel)
  channel.on('error', () => {})
  channel.stderr.on('error', () => {})

  const finish = async (how: number | string) => {
    await Promise.all([ended(stdout), ended(stderr)])
    stdin.destroy()
    if (gone || link.gone) return
    try {
      sayExit(channel, how)
      channel.end()
    } catch {
      // The connection was torn down between two lines.
    }
  }
  let finished: Promise<void> | null = null
  return {
    stdin,
    stdout,
    stderr,
    finish(how) {
      finished ??= finish(how)
      return finished
    },
    cut() {
      gone = true
      release()
    },
  }
}

/** The client's bytes, as far as they are read. The channel's `end` comes after its last byte, also when it is cut off. */
function source(channel: ServerChannel): Readable {
  const stdin = new Readable({
    highWaterMark: 2 * SLICE,
    read() {
      channel.resume()
    },
    destroy(_error, done) {
      channel.pause()
      done(null)
    },
  }).on('error', () => {})
  channel.on('data', (chunk: Buffer) => {
    transferred(chunk.length)
    if (!stdin.destroyed && !stdin.push(chunk)) channel.pause()
  })
  channel.on('end', () => {
    if (!stdin.destroyed) stdin.push(null)
  })
  // `on('data')` starts the flow; nothing is taken before somebody reads.
  channel.pause()
  return stdin
}

function ended(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableFinished || stream.destroyed) return resolve()
    stream.once('finish', resolve).once('close', resolve)
    if (!stream.writableEnded) stream.end()
  })
}

function sayExit(channel: ServerChannel, how: number | string): void {
  try {
    if (typeof how === 'number') channel.exit(how)
    else channel.exit(how, false, '')
  } catch {
    // A signal that RFC 4254, 6.10 does not name.
    channel.exit(255)
  }
}
