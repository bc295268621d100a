// How long git and Nix may take to bring a tree to the store: a pack of a few kilobytes can name more than either reads in a year.

import type { TreeFile } from '../lib/git-tree.ts'
import { Refused } from '../records.ts'

/** Bytes in a millisecond: slower than any disk is. */
const slowest = (4 * 1024 ** 2) / 1000
/** Milliseconds. Longer timers than this fire at once in Node. */
const longest = 2 ** 31 - 1

/** The time for one tree. Who reads it is given `signal`, and ends when that aborts. */
export class ReadingTime implements Disposable {
  /** Aborts as the signal of the deploy does, with a reason when the time is up, and at the end. */
  readonly signal: AbortSignal
  readonly #own = new AbortController()
  readonly #time: number
  #timer: NodeJS.Timeout | undefined

  /** @param time milliseconds for the list of the files */
  constructor(signal: AbortSignal, time: number) {
    this.signal = AbortSignal.any([signal, this.#own.signal])
    this.#time = time
    this.#begin(time)
  }

  /** Begins anew, with the time that what is in these files may take. */
  listed(files: readonly TreeFile[]): void {
    this.#begin(this.#time + files.reduce((sum, { size }) => sum + size, 0) / slowest)
  }

  /** All of it was read. */
  done(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  [Symbol.dispose](): void {
    this.done()
    this.#own.abort()
  }

  #begin(time: number): void {
    this.done()
    if (this.signal.aborted) return
    this.#timer = setTimeout(() => this.#own.abort(late(time)), Math.min(time, longest))
  }
}

function late(time: number): Refused {
  return new Refused(`reading the files of this commit took longer than ${Math.round(time / 1000)} s`, {
    help: ['Leave out what can be built or fetched.', 'Its operator can raise limits.evaluationTime.'],
  })
}
