// Keeps the live line of a build on the pusher's terminal up to date, five times a second at most.
import type { DeployEvent } from '../records.ts'
import { LiveBuild } from './live-build.ts'
import type { TerminalSink } from './sideband.ts'

/** Milliseconds between two drawings. */
const EVERY = 200

export interface LiveLine {
  /** Answers whether the live line tells this event. */
  see(event: DeployEvent): boolean
  stop(): void
}

/** Draws on `terminal` from now on, only when there is something new to be seen; `stop` ends it. */
export function liveLine(terminal: Pick<TerminalSink, 'redraw'>): LiveLine {
  const build = new LiveBuild()
  let shown: string | null = null
  const timer = setInterval(() => {
    const line = build.line(performance.now())
    if (line !== null && line !== shown) terminal.redraw(line)
    shown = line
  }, EVERY)
  timer.unref()
  return {
    see(event) {
      const told = build.see(event, performance.now())
      // Another line has taken its place.
      if (!told) shown = null
      return told
    },
    stop: () => clearInterval(timer),
  }
}
