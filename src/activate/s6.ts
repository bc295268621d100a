// What s6 says of an environment's processes. The files belong to the environment, so s6's own tools read them inside its sandbox.

import { run } from '../lib/spawn.ts'
import { asEnvironment, type LocalHost, type Place } from './host.ts'

export interface ProcessState {
  readonly up: boolean
  readonly pid: number
  /** Seconds in this state. */
  readonly seconds: number
  /** How it ended last time (`exit 1`, `signal SIGKILL`), or null when it never did. */
  readonly lastDeath: string | null
}

/** Asks s6 about processes by name (s6-svstat, s6-svdt). A process that s6 does not know has no entry. */
export async function processStates(
  host: LocalHost,
  place: Place,
  names: readonly string[],
): Promise<Map<string, ProcessState>> {
  const script = `for name do
    dir="$HOSTENV_RUNTIME_DIR/s6/service/$name"
    stat=$(s6-svstat -o up,pid,updownfor "$dir" 2>/dev/null) || continue
    echo "= $name $stat"
    s6-svdt "$dir" 2>/dev/null
  done`
  const command = asEnvironment(host, place, ['/bin/sh', '-c', script, 'sh', ...names], { dieWithParent: true })
  const { stdout } = await run(command, { timeout: 10_000, maxBuffer: 256 * 1024 })
  const states = new Map<string, ProcessState>()
  for (const block of stdout.split(/^= /m).slice(1)) {
    const [head = '', ...deaths] = block.split('\n')
    const match = /^(\S+) (true|false) (-?\d+) (\d+)$/.exec(head)
    if (!match?.[1]) continue
    states.set(match[1], {
      up: match[2] === 'true',
      pid: Number(match[3]),
      seconds: Number(match[4]),
      lastDeath: lastDeath(deaths),
    })
  }
  return states
}

/** The last lines that a process wrote, for the person whose push it fails. */
export async function lastLines(host: LocalHost, place: Place, name: string, count: number): Promise<string[]> {
  const script = 'tail -n "$2" "$HOSTENV_STATE_DIR/log/$1/current" | head -c 8192'
  const command = asEnvironment(host, place, ['/bin/sh', '-c', script, 'sh', name, String(count)], {
    dieWithParent: true,
  })
  const { stdout } = await run(command, { timeout: 5000, maxBuffer: 16 * 1024 })
  return stdout.split('\n').filter((line) => line !== '')
}

// `@TAI64N exitcode N` or `@TAI64N signal NAME`, oldest first, as s6-svdt prints them.
function lastDeath(lines: readonly string[]): string | null {
  const match = /^@[0-9a-f]{24} (exitcode|signal) (\S+)/.exec(lines.findLast((line) => line.startsWith('@')) ?? '')
  if (!match) return null
  return match[1] === 'exitcode' ? `exit ${match[2]}` : `signal ${match[2]}`
}
