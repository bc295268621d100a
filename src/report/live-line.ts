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

/** Time, which tests let pass as they like. */
export interface Clock {
  /** Milliseconds since any moment. */
  now(): number
  /** Calls `work` every so many milliseconds until the answered function is called. */
  every(ms: number, work: () => void): () => void
}

const realClock: Clock = {
  now: () => performance.now(),
  every(ms, work) {
    const timer = setInterval(work, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}

/** Draws on `terminal` while there is a build, and only what is new to be seen. `stop` ends it for good. */
export function liveLine(terminal: Pick<TerminalSink, 'redraw'>, clock: Clock = realClock): LiveLine {
  const build = new LiveBuild()
  let shown: string | null = null
  // A push may have many refs, of which one is built at a time.
  let stop: (() => void) | null = null
  const draw = (): void => {
    const line = build.line(clock.now())
    if (line !== null && line !== shown && terminal.redraw(line)) shown = line
  }
  const halt = (): void => {
    stop?.()
    stop = null
  }
  return {
    see(event) {
      const told = build.see(event, clock.now())
      // Another line has taken its place.
      if (!told) shown = null
      if (!build.active) halt()
      else stop ??= clock.every(EVERY, draw)
      return told
    },
    stop: halt,
  }
}
