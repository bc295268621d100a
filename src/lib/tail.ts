// The last words of a program, whatever it said before: what it ended for is among them.
import type { Readable } from 'node:stream'

/** Listens from now on, and answers the last `most` bytes that came so far, as latin1. */
export function tailOf(stream: Readable | null, most: number): () => string {
  let said = ''
  stream?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(-most)
  })
  return () => said
}
