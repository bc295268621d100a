// A clock that a test moves: days pass for the previews of a receiver, and for nothing else.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReceiverOptions } from './receiver.ts'
import { type Ending, tempDir } from './temp-dir.ts'

export interface Clock {
  /** What a receiver has to be started with. `limits` in milliseconds. */
  options(faults?: string): ReceiverOptions
  /** Lets time pass. */
  pass(milliseconds: number): void
  /** What time it is there. */
  now(): number
}

export const [HOUR, DAY] = [3_600_000, 86_400_000]

/** Makes a clock; a receiver that goes by it looks for expired previews several times a second. */
export function makeClock(t: Ending, limits: object = {}): Clock {
  const file = join(tempDir(t, 'clock'), 'offset')
  let offset = 0
  const write = () => writeFileSync(file, `${offset}`)
  write()
  const overrides = JSON.stringify({ limits: { expiryCheckInterval: 250, ...limits } })
  return {
    options: (faults = '') => ({ faults, env: { HOSTENV_CLOCK: file, HOSTENV_OVERRIDES: overrides } }),
    pass(milliseconds) {
      offset += milliseconds
      write()
    },
    now: () => Date.now() + offset,
  }
}
