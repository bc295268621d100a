// One build as one line of a terminal: what is done of what, for how long, what is fetched, and what the builders say.
import { printable } from '../lib/printable.ts'
import type { DeployEvent } from '../records.ts'
import { overwritten } from './sentences.ts'
import { byteSize, durationText } from './units.ts'
import { columns, cutColumns } from './width.ts'

/** Columns. With `remote: ` and the eight spaces that git adds on a dumb terminal that makes 80: a longer line could not be overwritten. */
export const LIVE_WIDTH = 64
/** Columns that are worth showing the name of a derivation in. */
const LEAST_NAME = 8
const LONGEST_NAME = 24
const DETAIL = ' '.repeat(7)

/** Follows the events of a build. `see` is cheap, as a build may print a million lines; all work is in `line`. */
export class LiveBuild {
  #startedAt: number | null = null
  #builds = 0
  #fetches = 0
  #done = 0
  readonly #running = new Map<number, { readonly name: string; said: string }>()
  #speaker = 0
  #fetched = { paths: 0, bytes: 0, expected: 0 }

  /** Answers whether the event is told by the live line, so that no other line has to. `now` is in milliseconds. */
  see(event: DeployEvent, now: number): boolean {
    switch (event.type) {
      case 'build-plan':
        this.#begin(now)
        this.#builds = event.builds
        this.#fetches = event.fetches
        return false
      case 'build-started':
        this.#begin(now)
        this.#builds = event.total
        this.#running.set(event.n, { name: event.name, said: '' })
        return true
      case 'build-line':
        this.#hear(event.n, event.line)
        return true
      case 'build-finished':
        this.#builds = event.total
        this.#done++
        this.#running.delete(event.n)
        return true
      case 'build-fetched':
        this.#begin(now)
        this.#fetched = event
        return true
      case 'built':
      case 'build-failed':
      case 'refused':
        this.#startedAt = null
        return false
      default:
        return false
    }
  }

  /** Whether there is a build to tell of. */
  get active(): boolean {
    return this.#startedAt !== null
  }

  /** The line as it is now, at most `LIVE_WIDTH` columns of printable text; null while nothing is built. */
  line(now: number): string | null {
    if (this.#startedAt === null) return null
    const { size } = this.#running
    const facts = [
      `${this.#counter()}${elapsed(now - this.#startedAt)}`,
      ...(size > 1 ? [`${size} running`] : []),
      ...this.#bytes(size > 0),
    ]
    const head = DETAIL + facts.join(' · ')
    const room = LIVE_WIDTH - columns(head) - columns(' · ')
    const text = room < LEAST_NAME ? '' : fit(this.#news(), room)
    return fit(text === '' ? head : `${head} · ${text}`, LIVE_WIDTH)
  }

  #begin(now: number): void {
    this.#startedAt ??= now
  }

  #hear(n: number, line: string): void {
    const build = this.#running.get(n)
    if (build === undefined || line.trim() === '') return
    build.said = line
    this.#speaker = n
  }

  #counter(): string {
    if (this.#builds > 0) return `[${this.#done}/${this.#builds}] `
    return this.#fetches > 0 ? `[${Math.min(this.#fetched.paths, this.#fetches)}/${this.#fetches}] ` : ''
  }

  // Once all is fetched, the room belongs to what the builders say.
  #bytes(building: boolean): string[] {
    const { bytes, expected } = this.#fetched
    if (bytes >= expected) return bytes > 0 && !building ? [`fetched ${byteSize(bytes)}`] : []
    const [[amount = '', unit], of] = [byteSize(bytes).split(' '), byteSize(expected)]
    return [`fetched ${of.endsWith(` ${unit}`) ? amount : `${amount} ${unit}`} of ${of}`]
  }

  // Who spoke last, while it runs; else whoever runs longest.
  #news(): string {
    const build = this.#running.get(this.#speaker) ?? [...this.#running.values()][0]
    if (build === undefined) return ''
    const name = fit(printable(build.name), LONGEST_NAME)
    return build.said === '' ? name : `${name}: ${overwritten(build.said)}`
  }
}

function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return seconds < 60 ? `${seconds} s` : durationText(seconds * 1000)
}

function fit(text: string, max: number): string {
  const [head, tail] = cutColumns(text, max)
  return tail === '' ? head : `${cutColumns(text, max - 1)[0].trimEnd()}…`
}
