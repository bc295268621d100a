// The reason in git's own status line: ` ! [remote rejected] main -> main (REASON)`.
import { printable } from '../lib/printable.ts'

const MAX_BYTES = 200

/** One printable line of at most 200 bytes; with a deploy's number it ends in `; log d41`, whatever has to be cut. */
export function statusReason(reason: string, deploy?: number): string {
  const suffix = deploy === undefined ? '' : `; log d${deploy}`
  const text = printable(reason).replace(/ +/g, ' ').trim() || 'refused'
  return cutBytes(text, MAX_BYTES - suffix.length) + suffix
}

/** The longest start of `text` that takes at most `max` bytes as UTF-8; a cut one ends in `…`. */
function cutBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text
  let kept = ''
  let size = Buffer.byteLength('…')
  for (const character of text) {
    size += Buffer.byteLength(character)
    if (size > max) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}
