// How many pushes one user may begin in a minute, and have on their way at once.
import type { Limits } from '../config/limits.ts'
import { Refused } from '../records.ts'

const MINUTE = 60_000

/** Counts pushes by account. Holds nothing of an account that pushed nothing for a minute. */
export class PushGate {
  readonly #begun = new Map<string, number[]>()
  readonly #open = new Map<string, number>()
  readonly #now: () => number

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Lets one push in; answers what to call once when it has ended. Throws Refused with the limit and what to do. */
  enter(account: string, limits: Pick<Limits, 'pushesPerMinute' | 'pushesAtOnce'>): () => void {
    const now = this.#now()
    this.#forget(now)
    const begun = this.#begun.get(account) ?? []
    const open = this.#open.get(account) ?? 0
    if (open >= limits.pushesAtOnce)
      throw new Refused(`${open} pushes of yours are on their way; at most ${limits.pushesAtOnce} may be at once`, {
        help: ['Wait until one of them has ended, and push again.'],
      })
    if (begun.length >= limits.pushesPerMinute) {
      const wait = Math.ceil(((begun.at(-limits.pushesPerMinute) ?? now) + MINUTE - now) / 1000)
      throw new Refused(`you push too often: at most ${limits.pushesPerMinute} pushes a minute are taken`, {
        help: [`Push again in ${wait} s.`],
      })
    }
    this.#begun.set(account, [...begun, now])
    this.#open.set(account, open + 1)
    let here = true
    return () => {
      if (!here) return
      here = false
      const rest = (this.#open.get(account) ?? 1) - 1
      if (rest > 0) this.#open.set(account, rest)
      else this.#open.delete(account)
    }
  }

  #forget(now: number): void {
    for (const [account, begun] of this.#begun) {
      const recent = begun.filter((at) => now - at < MINUTE)
      if (recent.length > 0) this.#begun.set(account, recent)
      else this.#begun.delete(account)
    }
  }
}
