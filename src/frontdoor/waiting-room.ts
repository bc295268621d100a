// Where requests wait while their environment switches: which environments do, who waits, and when somebody tries again.

import type { Limits } from '../config/limits.ts'

export type WaitingLimits = Pick<Limits, 'heldTime' | 'heldPerEnvironment' | 'heldRequests'>

/** One waiting request. */
export interface Ticket {
  /** Resolves with true when it is time to try again, with false when the time is over or the ticket was given back. */
  wait(): Promise<boolean>
  /** Gives the place to another. Idempotent. */
  leave(): void
}

interface Waiting {
  wake: ((again: boolean) => void) | null
}

interface Room {
  readonly waiting: Set<Waiting>
  readonly knocking: NodeJS.Timeout
}

/** Milliseconds between two tries of an environment that nobody gets through to: one request tries for all that wait. */
const KNOCK = 20

export class WaitingRoom {
  readonly #limits: () => WaitingLimits
  readonly #switching = new Map<string, number>()
  readonly #begun = new Map<string, number>()
  /** Switched, and not reached since: a release may be live before it listens. */
  readonly #settling = new Map<string, NodeJS.Timeout>()
  readonly #rooms = new Map<string, Room>()
  #held = 0

  /** `limits` are asked for whenever they are needed: they may change. */
  constructor(limits: () => WaitingLimits) {
    this.#limits = limits
  }

  /** An environment, by its user name, is about to change its services. Each `begin` needs its `end`. */
  begin(userName: string): void {
    this.#settled(userName)
    this.#begun.set(userName, this.switches(userName) + 1)
    this.#switching.set(userName, (this.#switching.get(userName) ?? 0) + 1)
  }

  /** It has changed them, or has them back: what waits tries, and waits on only while nobody got through yet. */
  end(userName: string): void {
    const left = (this.#switching.get(userName) ?? 1) - 1
    if (left > 0) {
      this.#switching.set(userName, left)
      return
    }
    this.#switching.delete(userName)
    this.#settled(userName)
    this.#settling.set(userName, setTimeout(() => this.#settled(userName), this.#limits().heldTime).unref())
    this.#wake(userName)
  }

  /** Whether requests that do not get through are to wait: from `begin` until one gets through after `end`, or time is over. */
  isSwitching(userName: string): boolean {
    return this.#switching.has(userName) || this.#settling.has(userName)
  }

  /** How often it has begun to: another number than before says that it did so meanwhile. */
  switches(userName: string): number {
    return this.#begun.get(userName) ?? 0
  }

  /** A place for one more request, or null when there is none. */
  enter(userName: string): Ticket | null {
    const room = this.#rooms.get(userName) ?? this.#build(userName)
    const { heldTime, heldPerEnvironment, heldRequests } = this.#limits()
    if (room.waiting.size >= heldPerEnvironment || this.#held >= heldRequests) {
      this.#tidy(userName, room)
      return null
    }
    const waiting: Waiting = { wake: null }
    room.waiting.add(waiting)
    this.#held++
    const until = performance.now() + heldTime
    return {
      wait: () => {
        const { promise, resolve } = Promise.withResolvers<boolean>()
        const left = until - performance.now()
        if (left <= 0 || !room.waiting.has(waiting)) return Promise.resolve(false)
        const timer = setTimeout(() => waiting.wake?.(false), left)
        waiting.wake = (again) => {
          clearTimeout(timer)
          waiting.wake = null
          resolve(again)
        }
        return promise
      },
      leave: () => {
        if (!room.waiting.delete(waiting)) return
        this.#held--
        waiting.wake?.(false)
        this.#tidy(userName, room)
      },
    }
  }

  /** Somebody got through: everybody tries. */
  open(userName: string): void {
    if (!this.#switching.has(userName)) this.#settled(userName)
    this.#wake(userName)
  }

  #settled(userName: string): void {
    clearTimeout(this.#settling.get(userName))
    this.#settling.delete(userName)
  }

  #wake(userName: string): void {
    for (const { wake } of this.#rooms.get(userName)?.waiting ?? []) wake?.(true)
  }

  #build(userName: string): Room {
    const waiting = new Set<Waiting>()
    const knock = (): void => {
      // Who was woken and has not come back yet is still trying.
      const all = [...waiting]
      if (all.every(({ wake }) => wake !== null)) all[0]?.wake?.(true)
    }
    const room = { waiting, knocking: setInterval(knock, KNOCK) }
    this.#rooms.set(userName, room)
    return room
  }

  #tidy(userName: string, room: Room): void {
    if (room.waiting.size > 0 || this.#rooms.get(userName) !== room) return
    clearInterval(room.knocking)
    this.#rooms.delete(userName)
  }
}
