// What the receiver and the thread of its front door say to each other. Plain data: it is copied from one to the other.
import type { Address } from '../config/config.ts'
import type { Grants } from '../config/grants.ts'
import type { Limits } from '../config/limits.ts'

/** What of the configuration the front door needs; sent again whenever it changes. */
export interface DoorSettings extends Grants {
  readonly limits: Pick<Limits, 'frontDoor' | 'heldTime' | 'heldPerEnvironment' | 'heldRequests'>
  /** What a command line begins with that says a word to this receiver: `ssh -p 2222 hostenv@host `. */
  readonly command: string
}

/** What the thread begins with. */
export interface DoorStart {
  readonly stateDir: string
  readonly runtimeDir: string
  readonly domain: string
  readonly settings: DoorSettings
  /** Shared: the number of open connections. */
  readonly open: Int32Array
}

/** What the receiver asks of the thread. Each is answered, in the order in which they were asked where they take no time. */
export interface DoorCalls {
  listen(host: string, port: number): Promise<Address>
  /** Replaces the settings. */
  change(settings: DoorSettings): void
  /** Once this is answered, requests for the environment wait where they do not get through. */
  begin(userName: string): void
  end(userName: string): void
  /** For each host name the directory whose socket its requests go to; null where the front door answers by itself. */
  served(hostnames: readonly string[]): (string | null)[]
  /** Lets requests on their way end, in bounded time. */
  close(): Promise<void>
}

export type DoorAsk = {
  readonly [Call in keyof DoorCalls]: {
    readonly id: number
    readonly call: Call
    readonly args: Parameters<DoorCalls[Call]>
  }
}[keyof DoorCalls]

export type DoorSays =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: Told }
  | { readonly warning: string; readonly fields: object }

/** An error as it is copied: what is not its message, its stack or its cause stays behind otherwise. */
export interface Told {
  readonly message: string
  readonly code: string | undefined
}

/** What an error says of itself to another thread. */
export function told(error: unknown): Told {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  return { message: error instanceof Error ? error.message : String(error), code }
}
