// Counts connections and says whether one more may come in, whose place it takes, or which limit it meets.
import type { SshLimits } from './types.ts'

export interface Admitted {
  /** The connection has logged in. */
  authenticated(): void
  /** The connection is gone; may be called more than once. */
  left(): void
}

/**
 * Answers a sentence for the client when it may not come in. `turnOut` is called with such a sentence when the connection has to leave
 * for another one, which only happens before it has logged in; it counts no more then.
 */
export type Admit = (address: string, turnOut: (why: string) => void) => Admitted | string

interface Waiting {
  readonly who: string
  leave(why: string): void
}

/**
 * Makes the counter. `address` is a textual IP address; an IPv6 network of 64 bits counts as one.
 *
 * Who comes to stay logs in within a moment. So where there is no place left, the one that has waited longest without logging in makes
 * room: of the same address where that has too many, else of the address that has the most. Connections that say nothing, or garbage,
 * keep nobody out, from however many addresses they come.
 */
export function createAdmission(limits: SshLimits): Admit {
  const perAddress = new Map<string, number>()
  // Oldest first.
  const waiting = new Set<Waiting>()
  let total = 0
  return (address, turnOut) => {
    const who = countedAs(address)
    const full = limitMet(perAddress.get(who) ?? 0)
    if (full !== null) {
      const oldest =
        full.setting === 'connectionsPerAddress' ? oldestOf(waiting, who) : oldestOf(waiting, greediest(waiting))
      const why = `too many connections ${full.where} (limits.ssh.${full.setting}); try again in a moment`
      if (oldest === undefined) return why
      oldest.leave(why)
    }
    total++
    perAddress.set(who, (perAddress.get(who) ?? 0) + 1)
    let here = true
    const left = () => {
      if (!here) return
      here = false
      waiting.delete(place)
      total--
      const rest = (perAddress.get(who) ?? 1) - 1
      if (rest > 0) perAddress.set(who, rest)
      else perAddress.delete(who)
    }
    const place: Waiting = {
      who,
      leave: (why) => {
        left()
        turnOut(why)
      },
    }
    waiting.add(place)
    return { authenticated: () => void waiting.delete(place), left }
  }

  function limitMet(same: number): { readonly where: string; readonly setting: keyof SshLimits } | null {
    const { connectionsPerAddress, connections, unauthenticated } = limits
    if (same >= connectionsPerAddress)
      return { where: `from your address, which may have ${connectionsPerAddress}`, setting: 'connectionsPerAddress' }
    if (total >= connections) return { where: `here, which takes ${connections}`, setting: 'connections' }
    if (waiting.size >= unauthenticated)
      return { where: `that have not logged in, of ${unauthenticated} at most`, setting: 'unauthenticated' }
    return null
  }
}

function oldestOf(waiting: ReadonlySet<Waiting>, who: string | undefined): Waiting | undefined {
  for (const one of waiting) if (one.who === who) return one
  return undefined
}

// The address with the most of those who wait; of several, the one that has waited longest.
function greediest(waiting: ReadonlySet<Waiting>): string | undefined {
  const counts = new Map<string, number>()
  for (const { who } of waiting) counts.set(who, (counts.get(who) ?? 0) + 1)
  let most: string | undefined
  for (const [who, count] of counts) if (most === undefined || count > (counts.get(most) ?? 0)) most = who
  return most
}

function countedAs(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1] as string
  if (!address.includes(':')) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const front = head.split(':').filter(Boolean)
  const back = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length
  return [...front, ...Array<string>(Math.max(0, zeros)).fill('0'), ...back].slice(0, 4).join(':')
}
