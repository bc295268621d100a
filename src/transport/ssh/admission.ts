// Counts connections and says whether one more may come in.
import type { SshLimits } from './types.ts'

export interface Admitted {
  /** The connection has logged in. */
  authenticated(): void
  /** The connection is gone; may be called more than once. */
  left(): void
}

export type Admit = (address: string) => Admitted | null

/** Makes the counter. `address` is a textual IP address; an IPv6 network of 64 bits counts as one. */
export function createAdmission(limits: SshLimits): Admit {
  const perAddress = new Map<string, number>()
  let total = 0
  let unauthenticated = 0
  return (address) => {
    const who = countedAs(address)
    const same = perAddress.get(who) ?? 0
    if (total >= limits.connections || unauthenticated >= limits.unauthenticated) return null
    if (same >= limits.connectionsPerAddress) return null
    total++
    unauthenticated++
    perAddress.set(who, same + 1)
    let pending = true
    let here = true
    const authenticated = () => {
      if (pending) unauthenticated--
      pending = false
    }
    const left = () => {
      if (!here) return
      here = false
      authenticated()
      total--
      const rest = (perAddress.get(who) ?? 1) - 1
      if (rest > 0) perAddress.set(who, rest)
      else perAddress.delete(who)
    }
    return { authenticated, left }
  }
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
