// So many at once, the others in order of arrival.

/** Hears how many run or stand before one that waits: at once when it has to wait, and whenever that has changed. */
export type Waiting = (ahead: number) => void

interface Waiter {
  readonly enter: () => void
  readonly tell: Waiting
  told: number
}

export class Slots {
  readonly #most: () => number
  readonly #waiting: Waiter[] = []
  #taken = 0

  /** @param most asked each time: the number may change */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Runs `work` in a slot of its own. Rejects with the signal's reason when it aborts before the work begins. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, tell: Waiting = () => undefined): Promise<T> {
    await this.#turn(signal, tell)
    try {
      return await work()
    } finally {
      this.#taken--
      this.#next()
    }
  }

  /** Whether nothing runs in any of them. */
  get idle(): boolean {
    return this.#taken === 0
  }

  /** To be called when the number has grown. */
  recount(): void {
    this.#next()
  }

  #turn(signal: AbortSignal, tell: Waiting): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
      reject(signal.reason)
      this.#next()
    }
    const enter = () => {
      signal.removeEventListener('abort', leave)
      this.#taken++
      resolve()
    }
    const waiter = { enter, tell, told: 0 }
    signal.addEventListener('abort', leave, { once: true })
    this.#waiting.push(waiter)
    this.#next()
    return promise
  }

  #next(): void {
    while (this.#taken < this.#most() && this.#waiting.length > 0) this.#waiting.shift()?.enter()
    for (const [index, waiter] of this.#waiting.entries()) {
      const ahead = this.#taken + index
      if (ahead !== waiter.told) waiter.tell(ahead)
      waiter.told = ahead
    }
  }
}
