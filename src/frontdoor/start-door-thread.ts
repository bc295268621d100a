// Starts the front door in a thread of its own, and is what the rest of the receiver sees of it.
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { DoorAsk, DoorCalls, DoorSays, DoorSettings, DoorStart } from './door-talk.ts'

/** What of the front door is asked from elsewhere; each call rejects with what the thread says, or when there is no thread any more. */
export type DoorThread = {
  readonly [Call in Exclude<keyof DoorCalls, 'change' | 'end'>]: (
    ...args: Parameters<DoorCalls[Call]>
  ) => Promise<Awaited<ReturnType<DoorCalls[Call]>>>
} & {
  /** What `begin` began is over. */
  end(userName: string): void
  /** To be called when `settings` answers something else than before; resolves when that holds. */
  changed(): Promise<void>
  /** Open connections of clients. */
  connections(): number
}

export interface DoorThreadOptions extends Pick<DoorStart, 'stateDir' | 'runtimeDir' | 'domain'> {
  readonly settings: () => DoorSettings
  readonly log: { warn(fields: object, message: string): void }
  /** The thread has ended, and nobody asked it to: there is no front door any more. */
  readonly failed: (error: Error) => void
}

/** Megabytes of short-lived objects that the thread keeps before it collects them. */
const YOUNG = 8

/** The record must be there already. The thread begins at once and listens when it is asked to; it keeps no process alive. */
export function startDoorThread({ settings, log, failed, ...start }: DoorThreadOptions): DoorThread {
  const open = new Int32Array(new SharedArrayBuffer(4))
  const data: DoorStart = { ...start, settings: settings(), open }
  const thread = new Worker(new URL(`./door-thread${extname(import.meta.filename)}`, import.meta.url), {
    ...{ name: 'front door', workerData: data, resourceLimits: { maxYoungGenerationSizeMb: YOUNG } },
    // Without it each thread loads a TypeScript parser of its own (10 MB) where hostenv runs from its source (Node: module compile cache).
    env: { NODE_COMPILE_CACHE: join(start.stateDir, 'compiled') },
    // Nor what this process was told to load first: a test runner's measuring of coverage, for one, which its environment turns off.
    execArgv: [],
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let asked = 0
  let over: Error | null = null

  const answered = (id: number): PromiseWithResolvers<unknown> | undefined => {
    const one = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) thread.unref()
    return one
  }
  const ended = (error: Error): void => {
    if (over !== null) return
    over = error
    for (const id of [...waiting.keys()]) answered(id)?.reject(error)
    failed(error)
  }
  thread.unref()
  thread.on('message', (said: DoorSays) => {
    if ('warning' in said) log.warn(said.fields, said.warning)
    else if ('error' in said)
      answered(said.id)?.reject(Object.assign(new Error(said.error.message), { code: said.error.code }))
    else answered(said.id)?.resolve(said.value)
  })
  thread.on('error', (error) => ended(error as Error))
  thread.on('exit', (code) => ended(new Error(`the thread of the front door ended with ${code}`)))

  const ask = <Call extends keyof DoorCalls>(call: Call, ...args: Parameters<DoorCalls[Call]>) => {
    if (over !== null) return Promise.reject(over)
    const answer = Promise.withResolvers<unknown>()
    const id = ++asked
    waiting.set(id, answer)
    thread.ref()
    thread.postMessage({ id, call, args } as DoorAsk)
    return answer.promise as Promise<Awaited<ReturnType<DoorCalls[Call]>>>
  }

  return {
    listen: (host, port) => ask('listen', host, port),
    begin: (userName) => ask('begin', userName),
    end(userName) {
      ask('end', userName).catch(() => {})
    },
    served: (hostnames) => ask('served', hostnames),
    changed: () => ask('change', settings()),
    connections: () => Atomics.load(open, 0),
    async close() {
      await ask('close')
      over = new Error('the front door is closed')
      await thread.terminate()
    },
  }
}
