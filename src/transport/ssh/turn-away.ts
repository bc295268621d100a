// The end of a connection that is not let in, said so that the client's user reads why: OpenSSH prints no line that comes before
// the version, but it prints the text of a disconnect.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'

/** RFC 4253, 11.1 */
export const disconnectReason = { protocolError: 2, byApplication: 11, tooManyConnections: 12 } as const

/** Milliseconds that a client gets to read it. */
const PATIENCE = 1000
/** Connections that are being turned away at once; more are closed without a word, so that a flood costs little. */
const MOST = 200

let leaving = 0

/** Tells a connection that has not begun to speak why it ends, and ends it within a second. Reads nothing that it sends. */
export function turnAway(socket: Socket, ident: string, why: string): void {
  // A socket that is reset before it is gone must not end the process.
  socket.on('error', () => undefined)
  if (leaving >= MOST) return void socket.destroy()
  leaving++
  const timer = setTimeout(() => socket.destroy(), PATIENCE)
  socket.once('close', () => {
    leaving--
    clearTimeout(timer)
  })
  // What stays unread would make the kernel reset the connection, and the client lose what was said.
  socket.resume()
  socket.end(Buffer.concat([Buffer.from(`SSH-2.0-${ident}\r\n`), disconnect(disconnectReason.tooManyConnections, why)]))
}

/** SSH_MSG_DISCONNECT as a packet without encryption, as before the first key exchange (RFC 4253, 6 and 11.1). */
function disconnect(reason: number, why: string): Buffer {
  const text = Buffer.from(why)
  const payload = Buffer.concat([Buffer.from([1]), uint32(reason), uint32(text.length), text, uint32(0)])
  const padding = randomBytes(4 + ((8 - ((5 + payload.length + 4) % 8)) % 8))
  return Buffer.concat([uint32(1 + payload.length + padding.length), Buffer.from([padding.length]), payload, padding])
}

function uint32(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(n)
  return bytes
}
