// A log file that is never larger than it may be: full ones become FILE.1, FILE.2 and so on, the oldest goes.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'

export interface Rotation {
  /** Bytes of one file. */
  readonly size: number
  /** Older files that are kept. */
  readonly keep: number
}

/** A destination of pino's; `rotation` is asked at each line. What cannot be written (a full disk) is lost: a log must never end the receiver. */
export function rotatingFile(path: string, rotation: Rotation): { write(line: string): void; close(): void } {
  let fd: number | null = null
  let written = 0
  const open = () => {
    fd = openSync(path, 'a', 0o600)
    written = fstatSync(fd).size
  }
  const close = () => {
    if (fd !== null) closeSync(fd)
    fd = null
  }
  return {
    write(line) {
      try {
        if (fd === null) open()
        const bytes = Buffer.byteLength(line)
        if (written > 0 && written + bytes > rotation.size) {
          close()
          shift(path, rotation.keep)
          renameSync(path, `${path}.1`)
          open()
        }
        if (fd !== null) writeSync(fd, line)
        written += bytes
      } catch {
        // The next line tries again.
      }
    },
    close,
  }
}

/**
 * Rotates a file that another process keeps open for appending (open(2), O_APPEND): the last `size` bytes are copied and it is cut,
 * so the writer goes on at the beginning. Answers whether it was too large. Throws the file system's errors.
 */
export function copyAndCut(path: string, { size, keep }: Rotation): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= size) return false
  shift(path, keep)
  const from = openSync(path, 'r+')
  try {
    writeFileSync(`${path}.1`, tail(from, size), { mode: 0o600 })
    ftruncateSync(from)
  } finally {
    closeSync(from)
  }
  return true
}

// Not the whole file: what the services of an environment write gets here, and truncate(2) makes gigabytes of nothing at once.
function tail(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  const start = Math.max(0, fstatSync(fd).size - size)
  let filled = 0
  for (let got = -1; got !== 0 && filled < size; filled += got)
    got = readSync(fd, bytes, filled, size - filled, start + filled)
  return bytes.subarray(0, filled)
}

function shift(path: string, keep: number): void {
  rmSync(`${path}.${keep}`, { force: true })
  for (let n = keep - 1; n >= 1; n--) {
    if (statSync(`${path}.${n}`, { throwIfNoEntry: false })) renameSync(`${path}.${n}`, `${path}.${n + 1}`)
  }
}
