// pkt-lines as gitprotocol-common(5) defines them: four hex digits of length, then the payload; 0000 is a flush.
import type { Readable } from 'node:stream'

/** The longest payload of one pkt-line. */
export const maxPayload = 65516

/** The bytes on the wire are not pkt-lines, or end in the middle of one. */
export class PktError extends Error {}

export const flush = Buffer.from('0000')

/** Encodes one payload. Throws PktError when it is longer than git allows. */
export function pkt(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload)
  if (bytes.length > maxPayload) throw new PktError(`a pkt-line of ${bytes.length} bytes`)
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes])
}

export type Pkt = { readonly kind: 'flush' } | { readonly kind: 'data'; readonly payload: Buffer }

/** Takes one pkt-line off the front of `bytes`; null when it is not whole yet. Throws PktError on a bad length. */
export function takePkt(bytes: Buffer): { readonly pkt: Pkt; readonly rest: Buffer } | null {
  if (bytes.length < 4) return null
  const digits = bytes.toString('latin1', 0, 4)
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new PktError('not a pkt-line length')
  const length = Number.parseInt(digits, 16)
  if (length === 0) return { pkt: { kind: 'flush' }, rest: bytes.subarray(4) }
  if (length < 4 || length > maxPayload + 4) throw new PktError(`a pkt-line length of ${length}`)
  if (bytes.length < length) return null
  return { pkt: { kind: 'data', payload: bytes.subarray(4, length) }, rest: bytes.subarray(length) }
}

/** Reads the payloads up to the next flush from `next`, a source of pkt-lines. */
export async function section(next: () => Promise<Pkt>, most: number): Promise<Buffer[]> {
  const payloads: Buffer[] = []
  for (;;) {
    const read = await next()
    if (read.kind === 'flush') return payloads
    if (payloads.length >= most) throw new PktError(`more than ${most} pkt-lines`)
    payloads.push(read.payload)
  }
}

/** A source of pkt-lines from a stream. Rejects with PktError when the stream ends before a flush. */
export function pktReader(stream: Readable): () => Promise<Pkt> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let bytes: Buffer = Buffer.alloc(0)
  return async () => {
    for (;;) {
      const taken = takePkt(bytes)
      if (taken) {
        bytes = taken.rest
        return taken.pkt
      }
      const chunk = await chunks.next()
      if (chunk.done) throw new PktError('the stream ended early')
      bytes = Buffer.concat([bytes, chunk.value])
    }
  }
}
