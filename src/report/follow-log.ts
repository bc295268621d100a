// The log of a deploy while it is written: what is there, then what comes, until nothing comes any more.
import { type FileHandle, open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks. */
const INTERVAL = 100
const PIECE = 64 * 1024

/**
 * Text in pieces, to the end of the file once nobody writes it.
 * @param written whether somebody still writes it
 */
export async function* followLog(path: string, written: () => boolean, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  const piece = Buffer.alloc(PIECE)
  let file: FileHandle | null = null
  try {
    while (!signal.aborted) {
      // Asked before the look: what is written in between is not lost.
      const more = written()
      file ??= await open(path, 'r').catch(() => null)
      const { bytesRead } = (await file?.read(piece, 0, PIECE)) ?? { bytesRead: 0 }
      if (bytesRead > 0) yield decoder.write(piece.subarray(0, bytesRead))
      else if (!more) break
      else await sleep(INTERVAL, undefined, { signal }).catch(() => undefined)
    }
    yield decoder.end()
  } finally {
    await file?.close()
  }
}
