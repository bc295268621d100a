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
  // A build says thousands of lines at once: they go to the disk together.
  let held: string[] = []
  const flush = (): void => {
    const text = held.join('')
    held = []
    if (text !== '' && !broken && stream.writable) stream.write(text)
  }
  let broken = false
  stream.on('error', () => {
    broken = true
  })
  return {
    line(text) {
      if (broken || !stream.writable) return
      if (held.length === 0) setImmediate(flush)
      held.push(`${now().toISOString()} ${printable(text)}\n`)
    },
    close() {
      const { promise, resolve } = Promise.withResolvers<void>()
      flush()
      if (broken || stream.closed) return Promise.resolve()
      stream.on('close', () => resolve())
      stream.end()
      return promise
    },
  }
}
