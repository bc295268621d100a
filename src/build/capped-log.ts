// The whole log of a build, but no more than the disk is willing to give it.

const MARK = '(the log is cut here: it is longer than is kept)'

/** Wraps a line sink: at most `maxBytes` bytes in all and `maxLine` characters a line; where it stops, one line says so. */
export function cappedLog(write: (line: string) => void, { maxBytes, maxLine }: { maxBytes: number; maxLine: number }) {
  let written = 0
  let full = false
  return (line: string): void => {
    if (full) return
    const kept = cutLine(line, maxLine)
    written += Buffer.byteLength(kept) + 1
    if (written > maxBytes) {
      full = true
      write(MARK)
    } else write(kept)
  }
}

/** The first `max` characters of a line; a cut one ends in `…`. */
export function cutLine(line: string, max: number): string {
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`
}
