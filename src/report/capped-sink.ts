// A log of one deploy takes no more of the disk than it may: builds, activation and whatever else speaks, together.
import type { LineSink } from './sideband.ts'

const CUT = 'the log is cut here: it is longer than is kept (limits.deployLogBytes)'

/** Passes on lines of at most `maxBytes` bytes in all; where it stops, one line says so. */
export function cappedSink(sink: LineSink, maxBytes: number): LineSink {
  let written = 0
  return {
    line(text) {
      if (written > maxBytes) return
      written += Buffer.byteLength(text) + 1
      sink.line(written > maxBytes ? CUT : text)
    },
    close: () => sink.close(),
  }
}
