// Tries to bring one request to its environment until it is there: again where the environment cannot have acted on it, and
// after a wait while the environment switches (docs/decisions/0010).
import type { Door, PrivateLinks, Route } from './private-links.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** An attempt that came to nothing, and that may be repeated without harm. */
export class Repeatable extends Error {
  /** `unreachable`: there was no connection. `closed`: there was one, and it ended before the first byte of an answer. */
  readonly kind: 'unreachable' | 'closed'
  constructor(kind: Repeatable['kind'], cause: unknown) {
    super(`the environment is ${kind}`, { cause })
    this.kind = kind
  }
}

/** The request waited as long as it may, or found no place to wait. */
export class NotYet extends Error {}
/** The environment was stopped while the request waited. */
export class Gone extends Error {}

/** The client's side of an attempt. */
export interface Asker {
  readonly left: () => boolean
  readonly onLeave: (listener: () => void) => void
  /** Whether the host name still leads here. */
  readonly routed: () => boolean
}

export interface Try {
  readonly door: Door
  /** True when no connection of earlier requests may be used. */
  readonly fresh: boolean
  /** Whether the environment switches, or has begun to since the attempt began. */
  readonly switches: () => boolean
  /** To be called once there is a connection. */
  readonly connected: () => void
}

/** What says that nobody listens, or that the queue of a listener is full (connect(2) on a Unix socket: EAGAIN). */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOENT', 'EAGAIN'])
const CLOSED = new Set(['ECONNRESET', 'EPIPE'])
/** A process that stops may still have taken the second connection into its queue. */
const TRIES_IN_A_SWITCH = 3

/** Runs `attempt` until it resolves or throws something else than Repeatable. Throws that, NotYet, Gone, or what kept it from succeeding. */
export async function persist(
  route: Route,
  { links, room }: { readonly links: PrivateLinks; readonly room: WaitingRoom },
  asker: Asker,
  attempt: (now: Try) => Promise<void>,
): Promise<void> {
  const { userName } = route
  const failures = { unreachable: 0, closed: 0 }
  const held = new Held(room, userName, asker)
  let fresh = false
  try {
    while (!asker.left()) {
      const switching = room.isSwitching(userName)
      const begun = room.switches(userName)
      const switches = (): boolean => switching || room.switches(userName) !== begun
      let door: Door | undefined
      try {
        door = links.known(route) ?? (await findDoor(links, route))
        if (asker.left()) return
        const connected = (): void => {
          held.end()
          room.open(userName)
        }
        return await attempt({ door, fresh, switches, connected })
      } catch (error) {
        if (!(error instanceof Repeatable)) throw error
        if (door !== undefined) await links.forget(route, door)
        if (error.kind === 'unreachable' && room.isSwitching(userName)) await held.wait(error)
        else if (++failures[error.kind] > (switches() ? TRIES_IN_A_SWITCH : 1)) throw error.cause
        fresh ||= error.kind === 'closed'
      }
      if (!asker.routed()) throw new Gone('the environment was stopped')
    }
  } finally {
    held.end()
  }
}

/** Which kind of failure this is; null for one that says nothing about the connection. */
export function failureKind(error: unknown): Repeatable['kind'] | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return UNREACHABLE.has(code) ? 'unreachable' : CLOSED.has(code) ? 'closed' : null
}

// One stay in the waiting room, over any number of tries.
class Held {
  readonly #enter: () => ReturnType<WaitingRoom['enter']>
  readonly #asker: Asker
  #ticket: ReturnType<WaitingRoom['enter']> = null

  constructor(room: WaitingRoom, userName: string, asker: Asker) {
    this.#enter = () => room.enter(userName)
    this.#asker = asker
  }

  async wait(why: Repeatable): Promise<void> {
    if (this.#ticket === null) {
      this.#ticket = this.#enter()
      this.#asker.onLeave(() => this.end())
    }
    const again = (await this.#ticket?.wait()) ?? false
    if (!again && !this.#asker.left()) throw new NotYet('the environment switches', { cause: why })
  }

  end(): void {
    this.#ticket?.leave()
    this.#ticket = null
  }
}

async function findDoor(links: PrivateLinks, route: Route): Promise<Door> {
  try {
    return await links.door(route)
  } catch (error) {
    throw failureKind(error) === 'unreachable' ? new Repeatable('unreachable', error) : error
  }
}
