// Which limit of the receiver's a program has met that only says in its own words that the kernel refused it something.
import type { Limits } from '../config/limits.ts'

/** A line for each limit that the output of a program speaks of. Pure. */
export function limitHints(
  lines: readonly string[],
  { processMemory, environmentProcesses }: Pick<Limits, 'processMemory' | 'environmentProcesses'>,
): string[] {
  const said = lines.join('\n')
  const memory = /out of memory|cannot allocate memory|memory exhausted|\bENOMEM\b|bad_alloc|MemoryError|heap limit/i
  const forks =
    /\bfork\b.*(unavailable|retry|failed)|cannot fork|can't fork|\bEAGAIN\b|unable to create (native )?thread/i
  return [
    ...(memory.test(said)
      ? [`Each process may have ${processMemory / 1024 ** 2} MiB of memory (limits.processMemory).`]
      : []),
    ...(forks.test(said)
      ? [`An environment may run ${environmentProcesses} processes and threads (limits.environmentProcesses).`]
      : []),
  ]
}
