// The whole log of one deploy on disk, a time before each line. A full disk ends the log, never the deploy.
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { printable } from '../lib/printable.ts'
import type { LineSink } from './sideband.ts'

/** Where the log of a deploy is: `STATE/log/deploys/d41.log`. */
export function deployLogPath(stateDir: string, deploy: number): string {
  return join(stateDir, 'log', 'deploys', `d${deploy}.log`)
}

/** Opens (appending) a log file, readable by its owner only. Each line: ISO 8601 UTC, a space, printable text. */
export function logFile(path: string, now: () => Date = () => new Date()): LineSink {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
  let broken = false
  stream.on('error', () => {
    broken = true
  })
  return {
    line(text) {
      if (!broken && stream.writable) stream.write(`${now().toISOString()} ${printable(text)}\n`)
    },
    close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      if (broken || stream.closed) return Promise.resolve()
      stream.on('close', () => resolve())
      stream.end()
      return promise
    },
  }
}
