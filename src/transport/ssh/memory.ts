// Keeps the garbage of large transfers small.
import { setFlagsFromString } from 'node:v8'

/**
 * Limits V8's young generation of this whole process to 1 MiB. Each packet is a short-lived buffer outside the heap,
 * and V8 frees those only when the young generation is full: with its default of 16 MiB a push of any size costs 50 MB,
 * with this 10 MB, at the same speed.
 */
export function boundGarbage(): void {
  setFlagsFromString('--scavenger-max-new-space-capacity-mb=1')
}
