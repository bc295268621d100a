// The only place that touches fields which ssh2 1.17 does not document. A unit test fails when a release moves them.
import type { Socket } from 'node:net'
import type { Connection, ServerChannel, Session } from 'ssh2'

/** The socket under a connection: ssh2 ignores its back-pressure, so the server has to look at it. */
export function socketOf(client: Connection): Socket {
  return (client as unknown as { _sock: Socket })._sock
}

/** True while keys are exchanged again. Packets written meanwhile are queued without bound. */
export function isRekeying(client: Connection): boolean {
  return (client as unknown as { _protocol: { _kexinit?: unknown } })._protocol._kexinit !== undefined
}

/** True once the client has said how it exchanges keys (RFC 4253, 7.1). */
export function hasKeyExchange(client: Connection): boolean {
  return (client as unknown as { _protocol: { _kex?: unknown } })._protocol._kex !== undefined
}

interface Writing {
  readonly _packetRW: {
    readonly write: {
      readonly allocStartKEX: number
      alloc(bytes: number, always: true): Buffer
      finalize(packet: Buffer, always: true): Buffer
    }
  }
  readonly _cipher: { encrypt(packet: Buffer): void }
}

/** Sends SSH_MSG_DISCONNECT with a text for the client's user, which ssh2's own has not, at any moment of a connection (RFC 4253, 11.1). */
export function disconnect(client: Connection, reason: number, why: string): void {
  const { _packetRW, _cipher } = (client as unknown as { _protocol: Writing })._protocol
  const text = Buffer.from(why)
  const start = _packetRW.write.allocStartKEX
  const packet = _packetRW.write.alloc(13 + text.length, true)
  packet[start] = 1
  packet.writeUInt32BE(reason, start + 1)
  packet.writeUInt32BE(text.length, start + 5)
  packet.set(text, start + 9)
  packet.writeUInt32BE(0, start + 9 + text.length)
  _cipher.encrypt(_packetRW.write.finalize(packet, true))
}

/** Number of packets that wait for the end of a key exchange. */
export function queuedPackets(client: Connection): number {
  return (client as unknown as { _protocol: { _queue?: unknown[] } })._protocol._queue?.length ?? 0
}

/** The most bytes that one session of the connection holds unread; ssh2 does not check that clients keep to its window. */
export function unreadBytes(client: Connection): number {
  type Entry = { _channel?: ServerChannel; readableLength?: number }
  const { _channels } = (client as unknown as { _chanMgr: { _channels: Record<string, Entry> } })._chanMgr
  // Of a session its channel; what forwards a socket is one itself.
  return Math.max(0, ...Object.values(_channels).map((one) => one.readableLength ?? one._channel?.readableLength ?? 0))
}

/** The largest packet that the client takes. With 0, which a client may say, ssh2's write loop never ends. */
export function packetSize(channel: Session | ServerChannel): number {
  type Fields = { outgoing?: { packetSize: number }; _chanInfo?: { outgoing: { packetSize: number } } }
  const { outgoing, _chanInfo } = channel as unknown as Fields
  return (outgoing ?? _chanInfo?.outgoing)?.packetSize ?? 0
}

/** Says that nothing more comes, and goes on to listen: `end` would close the channel of a server at once. */
export function sayEof(channel: ServerChannel): void {
  ;(channel as unknown as { eof(): void }).eof()
}

/**
 * Forgets a chunk that had to wait for the client's window. ssh2 keeps it, and would send the last waiting chunk of
 * stdout a second time when stderr waits later.
 */
export function forgetSentChunk(channel: ServerChannel): void {
  const fields = channel as unknown as Record<'_chunk' | '_chunkcb' | '_chunkErr' | '_chunkcbErr', undefined>
  fields._chunk = fields._chunkcb = fields._chunkErr = fields._chunkcbErr = undefined
}
