// So many at once, the others in order of arrival.

export class Slots {
  readonly #most: () => number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  /** @param most asked each time: the number may change */
  constructor(most: () => number) {
    this.#most = most
  }

  /** Whether whoever comes now has to wait. */
  get full(): boolean {
    return this.#taken >= this.#most() || this.#waiting.length > 0
  }

  /** Runs `work` in a slot of its own. Rejects with the signal's reason when it aborts before the work begins. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal)
    try {
      return await work()
    } finally {
      this.#taken--
      this.#next()
    }
  }

  /** To be called when the number has grown. */
  recount(): void {
    this.#next()
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const enter = () => {
      signal.removeEventListener('abort', leave)
      this.#taken++
      resolve()
    }
    const leave = () => {
      this.#waiting.splice(this.#waiting.indexOf(enter), 1)
      reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#waiting.push(enter)
    this.#next()
    return promise
  }

  #next(): void {
    while (this.#taken < this.#most()) {
      const enter = this.#waiting.shift()
      if (enter === undefined) return
      enter()
    }
  }
}
