// Who may go on when: a deploy holds lanes (one per ref, one per environment) and earlier arrivals go first.

/** The lanes that there are, each of one project. */
export const laneOf = {
  ref: (project: string, ref: string) => `ref ${project} ${ref}`,
  environment: (project: string, key: string) => `environment ${project} ${key}`,
  /** Previews of one pattern are made one after the other. */
  previews: (project: string, pattern: string) => `previews ${project} ${pattern}`,
  /** What deletes refs: from its preparation to its commit git holds the lock of all packed refs for it. */
  deletions: (project: string) => `deletions ${project}`,
  /** First pushes of a project, each with a repository of its own: only one of these stays. */
  repository: (project: string) => `repository ${project}`,
}

/** A place in the queue. Entries are granted all their lanes at once, so nobody ever waits in a circle. */
export interface Place {
  readonly arrival: number
  /** Adds a lane while waiting or before (the environment is known later than the ref). */
  join(lane: string): void
  /** Resolves when every lane of this place is free of holders and of earlier arrivals; rejects when `signal` aborts before. */
  turn(signal?: AbortSignal): Promise<void>
  /** Gives all lanes back. Idempotent. */
  leave(): void
}

interface Entry {
  readonly arrival: number
  readonly lanes: Set<string>
  wake: (() => void) | null
  holds: boolean
}

export class Lanes {
  readonly #entries = new Map<number, Entry>()
  #first = 0

  /** Enters a queue. `arrival` is unique and grows with time. */
  enter(arrival: number, lanes: readonly string[]): Place {
    const entry: Entry = { arrival, lanes: new Set(lanes), wake: null, holds: false }
    this.#entries.set(arrival, entry)
    return {
      arrival,
      join: (lane) => void entry.lanes.add(lane),
      turn: (signal) =>
        new Promise((resolve, reject) => {
          const cancel = () => {
            entry.wake = null
            reject(signal?.reason)
          }
          if (signal?.aborted) return cancel()
          signal?.addEventListener('abort', cancel, { once: true })
          entry.wake = () => {
            signal?.removeEventListener('abort', cancel)
            resolve()
          }
          this.#grant()
        }),
      leave: () => {
        if (this.#entries.delete(arrival)) this.#grant()
      },
    }
  }

  /** Whether somebody holds a lane or waits for it. */
  isTaken(lane: string): boolean {
    return [...this.#entries.values()].some(({ lanes }) => lanes.has(lane))
  }

  /** Enters before every deploy: it waits for who holds these lanes, never for one that only builds. */
  enterFirst(lanes: readonly string[]): Place {
    return this.enter(--this.#first, lanes)
  }

  /** Whether nobody is in any lane. */
  get idle(): boolean {
    return this.#entries.size === 0
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return [...this.#entries.values()].filter((entry) => entry.wake !== null && !entry.holds).length
  }

  /** Whether somebody stands before this arrival in one of its lanes. */
  mustWait(arrival: number): boolean {
    const entry = this.#entries.get(arrival)
    return entry !== undefined && !this.#free(entry)
  }

  // An earlier arrival that does not wait yet (it still builds) keeps its place: order is order of arrival.
  #free(entry: Entry): boolean {
    for (const other of this.#entries.values()) {
      if (other === entry || !(other.holds || other.arrival < entry.arrival)) continue
      for (const lane of entry.lanes) if (other.lanes.has(lane)) return false
    }
    return true
  }

  #grant(): void {
    const waiting = [...this.#entries.values()].sort((a, b) => a.arrival - b.arrival)
    for (const entry of waiting) {
      if (entry.wake === null || entry.holds || !this.#free(entry)) continue
      entry.holds = true
      entry.wake()
      entry.wake = null
    }
  }
}
