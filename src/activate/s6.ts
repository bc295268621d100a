// What s6 says of an environment's processes. The files belong to the environment, so s6's own tools read them inside its sandbox.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { endGroup, launch } from '../lib/launch.ts'
import { run } from '../lib/spawn.ts'
import { asEnvironment, type LocalHost, type Place } from './host.ts'

export interface ProcessState {
  readonly up: boolean
  readonly pid: number
  /** Seconds for which it has been up and, where it says when it is ready, ready; 0 where it is down. */
  readonly seconds: number
  /** How it ended last time (`exit 1`, `signal SIGKILL`), or null when it never did. */
  readonly lastDeath: string | null
}

/** A look at processes that stays open: only the first costs the start of a sandbox. */
export interface Look extends Disposable {
  /** A process that s6 does not know has no entry. Throws when it cannot be asked. */
  states(): Promise<Map<string, ProcessState>>
}

/** Milliseconds for one answer, and bytes of it. */
const answerTime = 10_000
const answerBytes = 256 * 1024

/** Opens a look at processes by name (s6-svstat, s6-svdt). To be disposed of. */
export function lookAt(host: LocalHost, place: Place, names: readonly string[]): Look {
  const script = `while read -r _; do
    for name do
      dir="$HOSTENV_RUNTIME_DIR/s6/service/$name"
      stat=$(s6-svstat -o up,pid,readyfor "$dir" 2>/dev/null) || continue
      echo "= $name $stat"
      s6-svdt "$dir" 2>/dev/null
    done
    echo .
  done`
  const command = asEnvironment(host, place, ['/bin/sh', '-c', script, 'sh', ...names], { dieWithParent: true })
  const opening = launch({ ...command, stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  let said = ''
  let asked: PromiseWithResolvers<string> | null = null
  let ended: Error | null = null
  const opened = opening.then((child) => {
    child.stdin?.on('error', () => undefined)
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
      if (said.length > answerBytes) endGroup(child)
      else if (said === '.\n' || said.endsWith('\n.\n')) asked?.resolve(said)
    })
    child.once('close', (code, signal) => {
      const how = code === null ? `ended by ${signal}` : `exit ${code}`
      ended = new Error(`the services of ${place.facts.userName} cannot be seen: ${how}`)
      asked?.reject(ended)
    })
    return child
  })
  opened.catch(() => undefined)
  return {
    async states() {
      const child = await opened
      if (ended !== null) throw ended
      asked = Promise.withResolvers<string>()
      said = ''
      const timer = setTimeout(() => endGroup(child), answerTime)
      child.stdin?.write('\n')
      try {
        return parseStates(await asked.promise)
      } finally {
        clearTimeout(timer)
      }
    },
    [Symbol.dispose]: () => void opened.then(endGroup, () => undefined),
  }
}

/** One look. */
export async function processStates(
  host: LocalHost,
  place: Place,
  names: readonly string[],
): Promise<Map<string, ProcessState>> {
  using look = lookAt(host, place, names)
  return await look.states()
}

function parseStates(said: string): Map<string, ProcessState> {
  const states = new Map<string, ProcessState>()
  for (const block of said.split(/^= /m).slice(1)) {
    const [head = '', ...deaths] = block.split('\n')
    const match = /^(\S+) (true|false) (-?\d+) (-?\d+)$/.exec(head)
    if (!match?.[1]) continue
    states.set(match[1], {
      up: match[2] === 'true',
      pid: Number(match[3]),
      seconds: match[2] === 'true' ? Math.max(0, Number(match[4])) : 0,
      lastDeath: lastDeath(deaths),
    })
  }
  return states
}

/** Bytes in the log of each process: what comes after them is new. */
export type LogSizes = ReadonlyMap<string, number>

/** Takes the sizes of the logs now. Only sizes are read here: the folder is the environment's, and may hold any link. */
export function logSizes(place: Place, names: readonly string[]): LogSizes {
  const size = (name: string) =>
    statSync(join(place.facts.stateDir, 'log', name, 'current'), { throwIfNoEntry: false })?.size
  return new Map(names.map((name) => [name, size(name) ?? 0]))
}

/** The last lines, at most 25, that a process wrote after `since`, without their time stamps. */
export async function lastLines(host: LocalHost, place: Place, name: string, since: LogSizes): Promise<string[]> {
  // A log that is smaller than it was has been rotated: then all of it is new.
  const script = `file="$HOSTENV_STATE_DIR/log/$1/current"
    [ "$(wc -c < "$file")" -ge "$2" ] || set -- "$1" 0
    tail -c "+$(($2 + 1))" "$file" | tail -n 25 | head -c 8192`
  const argv = ['/bin/sh', '-c', script, 'sh', name, String(since.get(name) ?? 0)] as const
  const { stdout } = await run(asEnvironment(host, place, [...argv], { dieWithParent: true }), {
    timeout: 5000,
    maxBuffer: 16 * 1024,
  })
  const lines = stdout.split('\n').map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ {1,2}/, ''))
  return lines.filter((line) => line !== '')
}

// `@TAI64N exitcode N` or `@TAI64N signal NAME`, oldest first, as s6-svdt prints them.
function lastDeath(lines: readonly string[]): string | null {
  const match = /^@[0-9a-f]{24} (exitcode|signal) (\S+)/.exec(lines.findLast((line) => line.startsWith('@')) ?? '')
  if (!match) return null
  return match[1] === 'exitcode' ? `exit ${match[2]}` : `signal ${match[2]}`
}
