// Work on the state that no deploy may disturb: alone on it, or with the running receiver's deploys held back.
import { holdState, StateInUse } from '../state/database.ts'
import { pauseReceiver } from './ask-receiver.ts'

export interface Directories {
  readonly stateDir: string
  readonly runtimeDir: string
}

export interface Undisturbed {
  readonly running: boolean
  /** Aborts when the receiver goes away meanwhile: stop then. */
  readonly lost: AbortSignal
}

/** Runs `work` while no deploy is on its way and none can begin. Waits at most `wait` seconds for those that are. Throws ConfigError. */
export async function undisturbed<T>(
  { stateDir, runtimeDir }: Directories,
  options: { readonly why: string; readonly wait: number },
  work: (state: Undisturbed) => Promise<T>,
): Promise<T> {
  const held = tryHold(stateDir)
  if (held !== null) {
    using _held = held
    return await work({ running: false, lost: new AbortController().signal })
  }
  using pause = await pauseReceiver(runtimeDir, options.why, options.wait)
  const result = await work({ running: true, lost: pause.lost })
  pause.lost.throwIfAborted()
  return result
}

/** Whether a receiver, or another command, holds this state directory now. */
export function isHeld(stateDir: string): boolean {
  const held = tryHold(stateDir)
  held?.[Symbol.dispose]()
  return held === null
}

function tryHold(stateDir: string): Disposable | null {
  try {
    return holdState(stateDir)
  } catch (error) {
    if (error instanceof StateInUse) return null
    throw error
  }
}
