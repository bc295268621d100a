// Maintenance needs a moment in which no deploy is on its way: the gate is closed then, and deploys that arrive wait before it.
import { setTimeout as sleep } from 'node:timers/promises'

export class Gate {
  #open: Promise<void> | null = null

  get closed(): boolean {
    return this.#open !== null
  }

  /** Resolves when the gate is open. */
  async opened(): Promise<void> {
    while (this.#open !== null) await this.#open
  }

  /**
   * Waits until nothing is on its way and closes the gate in the same moment. Deploys that arrive while this waits go on as
   * always. Answers how to open it again (idempotent), or null when `signal` aborts first.
   */
  async close(idle: () => boolean, signal: AbortSignal): Promise<(() => void) | null> {
    while (this.#open !== null || !idle()) {
      if (signal.aborted) return null
      await sleep(20)
    }
    if (signal.aborted) return null
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open = promise
    return () => {
      if (this.#open !== promise) return
      this.#open = null
      resolve()
    }
  }
}
