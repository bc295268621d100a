// The report of one deploy: its events become sentences, for the pusher's terminal and for the log on disk.
import type { DeployEvent } from '../records.ts'
import { type SentenceContext, sentences } from './sentences.ts'
import type { LineSink } from './sideband.ts'

/** The build stage writes these into the whole log itself, uncut. */
const LOGGED_WHOLE: ReadonlySet<DeployEvent['type']> = new Set(['build-started', 'build-line', 'build-finished'])

/** Emits to both sinks; `log` goes to the log only. */
export function deployReport(sinks: { readonly words: LineSink; readonly log: LineSink }, context: SentenceContext) {
  return {
    emit(event: DeployEvent): void {
      for (const line of sentences(event, context)) {
        sinks.words.line(line)
        if (!LOGGED_WHOLE.has(event.type)) sinks.log.line(line)
      }
    },
    log(line: string): void {
      sinks.log.line(line)
    },
    async close(): Promise<void> {
      await Promise.all([sinks.words.close(), sinks.log.close()])
    },
  }
}
