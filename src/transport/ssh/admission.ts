// Counts connections and says whether one more may come in, or which limit it meets.
import type { SshLimits } from './types.ts'

export interface Admitted {
  /** The connection has logged in. */
  authenticated(): void
  /** The connection is gone; may be called more than once. */
  left(): void
}

/** Answers a sentence for the client when it may not come in. */
export type Admit = (address: string) => Admitted | string

/** Makes the counter. `address` is a textual IP address; an IPv6 network of 64 bits counts as one. */
export function createAdmission(limits: SshLimits): Admit {
  const perAddress = new Map<string, number>()
  let total = 0
  let unauthenticated = 0
  return (address) => {
    const who = countedAs(address)
    const same = perAddress.get(who) ?? 0
    if (same >= limits.connectionsPerAddress)
      return tooMany(`from your address, which may have ${limits.connectionsPerAddress}`, 'connectionsPerAddress')
    if (total >= limits.connections) return tooMany(`here, which takes ${limits.connections}`, 'connections')
    if (unauthenticated >= limits.unauthenticated)
      return tooMany(`that have not logged in, of ${limits.unauthenticated} at most`, 'unauthenticated')
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

function tooMany(where: string, setting: keyof SshLimits): string {
  return `too many connections ${where} (limits.ssh.${setting}); try again in a moment`
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
