// Text into a stream, at the pace of its reader.
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Answers a function that writes text and resolves when more may be written. Never rejects: text for nobody is dropped. */
export function textWriter(stream: Writable): (text: string) => Promise<void> {
  return async (text) => {
    if (stream.destroyed || stream.writableEnded || stream.write(text)) return
    await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {})
  }
}
