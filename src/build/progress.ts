// Follows one `nix build` entry by entry: numbers the derivations, tells their start, lines and end, and remembers what failed.
import type { Emit } from '../records.ts'
import { cutLine } from './capped-log.ts'
import { derivationName } from './derivation-name.ts'
import { type BuildFailure, readFailure } from './failure.ts'
import { Fetched } from './fetched.ts'
import type { NixEntry } from './nix-log.ts'

const SHOWN_LINE = 4096
const TAIL_LINES = 25
const TAIL_LINE = 512
/** Nix may name a failed derivation only after it says that the work on it stopped: so long an end waits for that. */
const GRACE = 250

interface Running {
  readonly drv: string
  readonly name: string
  readonly n: number
  readonly started: number
  readonly tail: string[]
}

export interface ProgressOptions {
  readonly emit: Emit
  readonly log: (line: string) => void
  /** How many derivations are to be built, where the plan knows it. */
  readonly total: number
}

/** Everything that is known about a build that did not succeed. */
export interface FailedBuild extends BuildFailure {
  readonly name: string
  readonly tail: readonly string[]
}

export class Progress {
  readonly #options: ProgressOptions
  readonly #running = new Map<number, Running>()
  readonly #byDrv = new Map<string, Running>()
  readonly #ending = new Map<Running, NodeJS.Timeout>()
  readonly #failures: BuildFailure[] = []
  readonly #errors: string[] = []
  readonly #fetched = new Fetched()
  #buildsId: number | null = null
  #expected = 0
  #failed = 0
  #started = 0

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  /** Derivations that were built, and paths that were fetched, so far. */
  get work(): { builds: number; fetches: number } {
    return { builds: this.#started, fetches: this.#fetched.started }
  }

  /** Nix's own error messages, newest last. */
  get errors(): readonly string[] {
    return this.#errors
  }

  handle(entry: NixEntry): void {
    if (this.#fetched.handle(entry)) this.#options.emit({ type: 'build-fetched', ...this.#fetched.soFar })
    switch (entry.kind) {
      case 'builds-start':
        this.#buildsId = entry.id
        return
      case 'progress':
        if (entry.id !== this.#buildsId) return
        this.#expected = entry.expected
        this.#failed = entry.failed
        return
      case 'build-start':
        this.#start(entry.id, entry.drv)
        return
      case 'copy-start':
        this.#options.log(`fetching ${entry.path}`)
        return
      case 'line':
        this.#line(entry.id, entry.line)
        return
      case 'stop':
        this.#stop(entry.id)
        return
      case 'message':
        this.#options.log(entry.text)
        if (entry.level === 0) this.#error(entry.text)
        return
      case 'text':
        this.#options.log(entry.text)
        return
    }
  }

  /** Call it once Nix has ended, with whether it did well. Answers the failure that is to be shown, if one is known. */
  finish(succeeded: boolean): FailedBuild | null {
    for (const [build, timer] of this.#ending) {
      clearTimeout(timer)
      // At the first failure Nix ends the builds beside it: those did not finish, and nobody needs to hear of them.
      if (succeeded) this.#finished(build)
    }
    this.#ending.clear()
    // A build may print a made-up message about another derivation: one that really ran is believed first.
    const failure = this.#failures.find(({ drv }) => this.#byDrv.has(drv)) ?? this.#failures[0]
    if (failure === undefined) return null
    return { ...failure, name: derivationName(failure.drv), tail: this.#byDrv.get(failure.drv)?.tail ?? [] }
  }

  get #total(): number {
    return Math.max(this.#options.total, this.#expected, this.#started)
  }

  #start(id: number, drv: string): void {
    const name = derivationName(drv)
    const build: Running = { drv, name, n: ++this.#started, started: performance.now(), tail: [] }
    this.#running.set(id, build)
    this.#byDrv.set(drv, build)
    this.#options.log(`building ${drv}`)
    this.#options.emit({ type: 'build-started', name, n: build.n, total: this.#total })
  }

  #line(id: number, line: string): void {
    const build = this.#running.get(id)
    this.#options.log(build === undefined ? line : `${build.name}> ${line}`)
    if (build === undefined) return
    build.tail.push(cutLine(line, TAIL_LINE))
    if (build.tail.length > TAIL_LINES) build.tail.shift()
    const { name, n } = build
    this.#options.emit({ type: 'build-line', name, n, total: this.#total, line: cutLine(line, SHOWN_LINE) })
  }

  #stop(id: number): void {
    const build = this.#running.get(id)
    if (build === undefined) return
    this.#running.delete(id)
    if (this.#failed === 0) this.#finished(build)
    else
      this.#ending.set(
        build,
        setTimeout(() => this.#finished(build), GRACE),
      )
  }

  #finished(build: Running): void {
    this.#ending.delete(build)
    if (this.#failures.some(({ drv }) => drv === build.drv)) return
    const duration = performance.now() - build.started
    this.#options.log(`${build.name}: ended after ${(duration / 1000).toFixed(1)} s`)
    this.#options.emit({ type: 'build-finished', name: build.name, n: build.n, total: this.#total, duration })
  }

  #error(text: string): void {
    const failure = readFailure(text)
    if (failure !== null && this.#failures.length < 100) this.#failures.push(failure)
    this.#errors.push(text)
    if (this.#errors.length > TAIL_LINES) this.#errors.shift()
  }
}
