// One Unix socket of an environment, reached through a connection: bytes both ways, each end's half-close handed on.
import type { AcceptConnection, RejectConnection, ServerChannel } from 'ssh2'
import { channelStreams } from './channel-streams.ts'
import { packetSize, sayEof } from './internals.ts'
import type { Link } from './link.ts'
import type { Log, OpenSocket, SocketRequest, SshHandlers } from './types.ts'

export interface SocketContext {
  readonly accept: AcceptConnection<ServerChannel>
  readonly reject: RejectConnection
  readonly handlers: SshHandlers
  readonly link: Link
  readonly log: Log
}

/** Asks the handler, and carries bytes until both ends are done or one of them is gone. Never rejects. */
export async function serveSocket(request: SocketRequest, context: SocketContext): Promise<void> {
  const { accept, reject, handlers, link, log } = context
  const fields = { peer: link.peer, pusher: request.pusher.name, path: request.path.slice(0, 200) }
  let open: OpenSocket | null
  try {
    open = await handlers.socket(request)
  } catch (error) {
    log.error({ ...fields, err: error }, 'socket failed')
    open = null
  }
  if (open === null) return reject()
  try {
    const channel = link.gone ? null : accept()
    if (channel && packetSize(channel) >= 256) await carry(channel, open, link)
    else channel?.destroy()
  } finally {
    open.stream.destroy()
    open.closed()
    log.debug(fields, 'socket closed')
  }
}

function carry(channel: ServerChannel, { stream, end }: OpenSocket, link: Link): Promise<void> {
  const streams = channelStreams(channel, link)
  return new Promise((resolve) => {
    let halves = 2
    const half = () => {
      if (--halves > 0) return
      streams.finish(0).then(over, over)
    }
    const over = () => {
      forget()
      end.removeEventListener('abort', cut)
      resolve()
    }
    const cut = () => {
      streams.cut()
      stream.destroy()
      // ssh2 throws once its connection is torn down.
      if (!link.gone) channel.close()
      over()
    }
    const forget = link.onGone(cut)
    channel.once('close', cut)
    end.addEventListener('abort', cut, { once: true })
    stream.once('error', cut)
    streams.stdout.once('finish', () => {
      if (!link.gone) sayEof(channel)
      half()
    })
    streams.stdin.once('end', half)
    stream.pipe(streams.stdout)
    streams.stdin.pipe(stream)
    if (end.aborted) cut()
  })
}
