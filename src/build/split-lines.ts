// Cuts a byte stream into lines and never holds more than one line's limit, whatever the other side sends.
import { StringDecoder } from 'node:string_decoder'

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Hands on what is left without a newline. */
  end(): void
}

/** Calls `each` per line, without its newline. A line longer than `max` characters is handed on as its first `max`, with `cut` true. */
export function splitLines(max: number, each: (line: string, cut: boolean) => void): LineSplitter {
  const decoder = new StringDecoder('utf8')
  let held = ''
  let cut = false
  const take = (text: string): void => {
    const room = max - held.length
    if (text.length > room) cut = true
    if (room > 0) held += text.slice(0, room)
  }
  const finish = (): void => {
    each(held.endsWith('\r') ? held.slice(0, -1) : held, cut)
    held = ''
    cut = false
  }
  const feed = (text: string): void => {
    let from = 0
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      take(text.slice(from, at))
      finish()
      from = at + 1
    }
    take(text.slice(from))
  }
  return {
    push: (chunk) => feed(decoder.write(chunk)),
    end: () => {
      feed(decoder.end())
      if (held !== '' || cut) finish()
    },
  }
}
