// Keeps the garbage of large transfers small.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Limits V8's young generation of this whole process to 1 MiB. Each packet is a short-lived buffer outside the heap,
 * and V8 frees those only when the young generation is full: with its default of 16 MiB a push of any size costs 50 MB,
 * with this 10 MB, at the same speed.
 */
export function boundGarbage(): void {
  setFlagsFromString('--scavenger-max-new-space-capacity-mb=1')
}

/** Bytes of transferred data between two collections. */
const INTERVAL = 2 * 1024 * 1024

/**
 * Counts transferred bytes and collects the young generation every 2 MiB. Buffers lie outside the heap: without this it is
 * chance whether 15 or 70 MiB of them wait to be freed during a large push. One collection takes well under a millisecond.
 */
export function garbageCounter(): (bytes: number) => void {
  // Freed in the collection itself: a thread that gets no turn on a busy machine would free them too late.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  let since = 0
  return (bytes) => {
    since += bytes
    if (since < INTERVAL) return
    since = 0
    collect({ type: 'minor' })
  }
}
