// The report of one deploy: its events become sentences, for the pusher's terminal and for the log on disk.
import type { DeployEvent } from '../records.ts'
import { coloured } from './colour.ts'
import { type Clock, liveLine } from './live-line.ts'
import { type SentenceContext, sentences } from './sentences.ts'
import type { LineSink, TerminalSink } from './sideband.ts'

/** How the pusher wants to be told. */
export interface View {
  /** A build is one line that is redrawn in place, instead of a line for each thing it says. */
  readonly live: boolean
  readonly color: boolean
  /** Bytes of what builds say that are shown as lines; all of it where this is left out. */
  readonly mostShown?: number
}

/** The build stage writes these into the whole log itself, uncut. */
const LOGGED_WHOLE: ReadonlySet<DeployEvent['type']> = new Set([
  'build-started',
  'build-line',
  'build-finished',
  'build-cut',
])

/** Emits to both sinks; `log` goes to the log only. */
export function deployReport(
  sinks: { readonly words: TerminalSink; readonly log: LineSink },
  context: SentenceContext,
  view: View,
  clock?: Clock,
) {
  const { words, log } = sinks
  const { mostShown = Number.POSITIVE_INFINITY } = view
  const live = view.live ? liveLine(words, clock) : null
  let shown = 0
  // What comes while something is still to be known that comes before it.
  let held: DeployEvent[] | null = null
  let known: Promise<void> = Promise.resolve()
  const report = {
    emit(event: DeployEvent): void {
      if (held !== null) return void held.push(event)
      if (live?.see(event)) return
      if (event.type === 'build-line' && shown > mostShown) return
      // Sentences for somebody who does not read them cost time; the sink only counts what it leaves out.
      const lines = event.type === 'build-line' && words.full ? [event.line] : sentences(event, context)
      for (const line of view.color ? coloured(event, lines, context) : lines) words.line(line)
      if (!LOGGED_WHOLE.has(event.type)) for (const line of lines) log.line(line)
      if (event.type !== 'build-line') return
      for (const line of lines) shown += Buffer.byteLength(line) + 1
      if (shown > mostShown) report.emit({ type: 'build-cut', bytes: mostShown })
    },
    later(event: Promise<DeployEvent>): void {
      held ??= []
      known = event.then((first) => {
        const rest = held ?? []
        held = null
        for (const one of [first, ...rest]) report.emit(one)
      })
    },
    log(line: string): void {
      log.line(line)
    },
    async close(): Promise<void> {
      await known
      live?.stop()
      await Promise.all([words.close(), log.close()])
    },
  }
  return report
}
