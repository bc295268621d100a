// Runs one `nix build` with its log parsed as it comes. Holds at most a line of it in memory.
import { endGroup, launch } from '../lib/launch.ts'
import type { Command } from '../lib/spawn.ts'
import { type NixEntry, parseNixLine } from './nix-log.ts'
import { splitLines } from './split-lines.ts'

/** A line of Nix's log may hold a line of a build's log, escaped. */
const MAX_LINE = 1024 * 1024
/** Milliseconds until a cancelled build that does not close its pipes is left behind. */
const PATIENCE = 5000

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
}

/** Resolves once Nix has ended and its log is read. Aborting kills it with all its builders; rejects only when it cannot be started. */
export async function runBuild(command: Command, signal: AbortSignal, each: (entry: NixEntry) => void): Promise<Ended> {
  const child = await launch({ ...command, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const log = splitLines(MAX_LINE, (line, cut) =>
    each(cut ? { kind: 'text', text: '(a line of more than 1 MiB was left out)' } : parseNixLine(line)),
  )
  let stdout = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    if (stdout.length < MAX_LINE) stdout += chunk.toString('utf8')
  })
  child.stderr?.on('data', (chunk: Buffer) => log.push(chunk))

  const { promise, resolve } = Promise.withResolvers<Omit<Ended, 'stdout'>>()
  child.once('close', (code, by) => resolve({ code, signal: by }))
  // The wrapper's death takes the whole pid namespace with it (unshare(1) --kill-child).
  let patience: NodeJS.Timeout | undefined
  const kill = (): void => {
    endGroup(child)
    patience = setTimeout(() => resolve({ code: null, signal: 'SIGKILL' }), PATIENCE)
  }
  if (signal.aborted) kill()
  signal.addEventListener('abort', kill, { once: true })
  try {
    const ended = await promise
    log.end()
    return { ...ended, stdout }
  } finally {
    clearTimeout(patience)
    signal.removeEventListener('abort', kill)
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}
