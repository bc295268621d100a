// The whole log of one deploy on disk, a time before each line. A full disk ends the log, never the deploy.
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { printable } from '../lib/printable.ts'
import type { LineSink } from './sideband.ts'

/** Where the log of a deploy is: `STATE/log/deploys/d41.log`. */
export function deployLogPath(stateDir: string, deploy: number): string {
  return join(stateDir, 'log', 'deploys', `d${deploy}.log`)
}

const CUT = 'the log is cut here: it is longer than is kept (limits.deployLogBytes)'

/**
 * Opens (appending) a log file, readable by its owner only. Each line: ISO 8601 UTC, a space, printable text. After `maxBytes` one
 * line says that it is cut, and the rest is dropped.
 */
export function logFile(path: string, maxBytes = Number.POSITIVE_INFINITY, now = () => new Date()): LineSink {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 })
  let broken = false
  let written = 0
  stream.on('error', () => {
    broken = true
  })
  return {
    line(text) {
      if (broken || !stream.writable || written > maxBytes) return
      const line = `${now().toISOString()} ${printable(text)}\n`
      written += Buffer.byteLength(line)
      stream.write(written > maxBytes ? `${now().toISOString()} ${CUT}\n` : line)
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
