// Where the receiver's own log goes: a rotated file, standard error, or standard error as journald reads it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Config } from '../config/config.ts'
import { rotatingFile } from './rotating-file.ts'

/** Opens the log: one JSON object a line, times in ISO 8601 UTC. `limits` is asked at each line. */
export function openLog({ stateDir, log }: Pick<Config, 'stateDir' | 'log'>, limits: () => Config['limits']): Logger {
  const options = { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  return pino(options, destination(stateDir, log, limits))
}

function destination(stateDir: string, log: Config['log'], limits: () => Config['limits']): DestinationStream {
  if (log === 'stderr') return { write: (line) => void process.stderr.write(line) }
  if (log === 'journald') return { write: (line) => void process.stderr.write(withPriority(line)) }
  const folder = join(stateDir, 'log')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return rotatingFile(join(folder, 'hostenv.log'), {
    get size() {
      return limits().logBytes
    },
    get keep() {
      return limits().logFiles
    },
  })
}

/** Puts the priority of sd-daemon(3) before a line of pino's: `<3>` for errors, `<6>` for information. */
export function withPriority(line: string): string {
  const level = Number(/"level":(\d+)/.exec(line)?.[1] ?? 30)
  const priority = level >= 60 ? 2 : level >= 50 ? 3 : level >= 40 ? 4 : level >= 30 ? 6 : 7
  return `<${priority}>${line}`
}
