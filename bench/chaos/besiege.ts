// Connections to the SSH port that never become a login, as many as are asked for at every moment.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'

export interface Siege {
  readonly says: 'nothing' | 'garbage'
  /** The address of the n-th connection, of the loopback network. */
  readonly from: (n: number) => string
}

/** Milliseconds after which a connection that was closed is opened again. */
const again = 1000

/** Keeps `count` connections open, or trying, until the function it answers is called. Resolves once each was open once or refused. */
export async function besiege(
  port: number,
  count: number,
  { says, from }: Siege,
  chance: Random,
): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  let over = false
  const garbage = () => Buffer.from(Array.from({ length: chance.whole(1, 300) }, () => chance.whole(0, 256)))
  const openOne = (n: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: from(n) })
      sockets.add(socket)
      socket.resume()
      socket.on('error', () => undefined)
      socket.once('connect', () => {
        resolve()
        if (says === 'garbage')
          socket.write(Buffer.concat([Buffer.from(n % 2 === 0 ? 'SSH-2.0-x\r\n' : ''), garbage()]))
      })
      socket.once('close', () => {
        resolve()
        sockets.delete(socket)
        if (over) return
        const timer = setTimeout(() => {
          timers.delete(timer)
          void openOne(n)
        }, again)
        timers.add(timer)
      })
    })
  await Promise.all(Array.from({ length: count }, (_, n) => openOne(n)))
  return async () => {
    over = true
    for (const timer of timers) clearTimeout(timer)
    for (const socket of sockets) socket.destroy()
    while (sockets.size > 0) await sleep(5)
  }
}
