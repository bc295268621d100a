// How many bytes of how many a build has fetched: what Nix downloads, or, where nothing is downloaded (a cache in a folder), copies.
import type { NixEntry } from './nix-log.ts'

type Kind = 'copy' | 'download'

interface Transfer {
  readonly kind: Kind
  done: number
  expected: number
}

/** What a cache is asked before anything is fetched from it. */
const QUESTION = /\.narinfo$|\/nix-cache-info$/

/** Sums as Nix's own progress bar does: what has ended counts with what it brought, what runs with what it expects. */
export class Fetched {
  readonly #running = new Map<number, Transfer>()
  /** What an activity said to expect of a kind in all. */
  readonly #announced = { copy: new Map<number, number>(), download: new Map<number, number>() }
  readonly #sums = { copy: { done: 0, expected: 0 }, download: { done: 0, expected: 0 } }
  #paths = 0
  #started = 0

  /** Paths whose fetching began. */
  get started(): number {
    return this.#started
  }

  get soFar(): { paths: number; bytes: number; expected: number } {
    const kind = this.#total('download') > 0 ? 'download' : 'copy'
    return { paths: this.#paths, bytes: this.#sums[kind].done, expected: this.#total(kind) }
  }

  /** Answers whether `soFar` has changed. */
  handle(entry: NixEntry): boolean {
    switch (entry.kind) {
      case 'copy-start':
        this.#started++
        this.#running.set(entry.id, { kind: 'copy', done: 0, expected: 0 })
        return false
      case 'download-start':
        if (!QUESTION.test(entry.url)) this.#running.set(entry.id, { kind: 'download', done: 0, expected: 0 })
        return false
      case 'progress':
        return this.#progress(entry.id, entry.done, entry.expected)
      case 'expect':
        if ((this.#announced[entry.of].get(entry.id) ?? 0) === entry.bytes) return false
        this.#announced[entry.of].set(entry.id, entry.bytes)
        return true
      case 'stop':
        return this.#stop(entry.id)
      default:
        return false
    }
  }

  #progress(id: number, done: number, expected: number): boolean {
    const transfer = this.#running.get(id)
    if (transfer === undefined || (transfer.done === done && transfer.expected === expected)) return false
    const sum = this.#sums[transfer.kind]
    sum.done += done - transfer.done
    sum.expected += expected - transfer.expected
    Object.assign(transfer, { done, expected })
    return true
  }

  // A transfer that was given up expects no more than it brought.
  #stop(id: number): boolean {
    const transfer = this.#running.get(id)
    if (transfer === undefined) return false
    this.#running.delete(id)
    this.#sums[transfer.kind].expected += transfer.done - transfer.expected
    if (transfer.kind === 'copy') this.#paths++
    return true
  }

  #total(kind: Kind): number {
    const announced = [...this.#announced[kind].values()].reduce((sum, bytes) => sum + bytes, 0)
    return Math.max(this.#sums[kind].done, this.#sums[kind].expected, announced)
  }
}
