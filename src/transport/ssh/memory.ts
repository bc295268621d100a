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
const INTERVAL = 8 * 1024 * 1024
/** Bytes of buffers that may be left after one; more are garbage that grew old while a slow reader kept it waiting. */
const LEFT = 12 * 1024 * 1024

/**
 * Counts transferred bytes and collects garbage every 8 MiB: of the young generation, which takes well under a millisecond,
 * and of all only when that left much behind. Buffers lie outside the heap, so without this it is chance whether 15 or 70 MiB
 * of them wait to be freed during a large push.
 */
export function garbageCounter(): (bytes: number) => void {
  // Freed in the collection itself: a thread that gets no turn on a busy machine would free them too late.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void
  let since = 0
  return (bytes) => {
    since += bytes
    if (since < INTERVAL) return
    since = 0
    collect({ type: 'minor' })
    if (process.memoryUsage().arrayBuffers > LEFT) collect({ type: 'major' })
  }
}
