// One connection as its sessions see it: whether it is still there, and whether it takes more bytes.
import type { Connection } from 'ssh2'
import { isRekeying, socketOf } from './internals.ts'

export interface Link {
  readonly peer: string
  readonly gone: boolean
  /** Calls back once when the connection is gone (soon, if it is already); answers how to take that back. */
  onGone(callback: () => void): () => void
  /** Resolves when the socket takes more bytes, or the connection is gone. */
  room(): Promise<void>
}

/** Makes the link of a connection, and the function that says it is gone. */
export function createLink(client: Connection, peer: string): { link: Link; cut: () => void } {
  const socket = socketOf(client)
  const callbacks = new Set<() => void>()
  let gone = false
  const onGone = (callback: () => void) => {
    if (gone) queueMicrotask(callback)
    else callbacks.add(callback)
    return () => {
      callbacks.delete(callback)
    }
  }
  const waitFor = (emitter: NodeJS.EventEmitter, event: string) =>
    new Promise<void>((resolve) => {
      const done = () => {
        emitter.off(event, done)
        forget()
        resolve()
      }
      emitter.on(event, done)
      const forget = onGone(done)
    })
  const link: Link = {
    peer,
    get gone() {
      return gone
    },
    onGone,
    async room() {
      while (!gone) {
        if (isRekeying(client)) await waitFor(client, 'rekey')
        else if (socket.writableNeedDrain) await waitFor(socket, 'drain')
        else return
      }
    },
  }
  const cut = () => {
    if (gone) return
    gone = true
    for (const callback of [...callbacks]) callback()
    callbacks.clear()
  }
  return { link, cut }
}
