// A full disk: how it is recognised, and what is kept back so that what is under way can still be ended in order.
import { randomBytes } from 'node:crypto'
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refused } from '../records.ts'
import { freeDisk } from './free-disk.ts'

/** How node, SQLite, git and the C library say it. */
export const diskFullWords = /ENOSPC|database or disk is full|No space left|Out of diskspace/

/** Whether an error came of a full disk. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && (diskFullWords.test(error.message) || isDiskFull(error.cause))
}

/** What everybody is told whose push does not fit. */
export function diskFull(): Refused {
  return new Refused('the disk of the receiver is full', { help: ['Its operator has to make room; then push again.'] })
}

/** Whether hardly a file fits any more where these are. Git does not always say that this was why. */
export async function noRoom(...paths: readonly string[]): Promise<boolean> {
  return (await freeDisk(paths)) < 1024 ** 2
}

const size = 8 * 1024 ** 2
/** So much has to be free for it to be put back: else it would only make the disk full again. */
const plenty = 8 * size

/** A file of the state directory that is there only to be given up: its room is for undoing, and for rows that say what failed. */
export class Reserve {
  readonly #file: string
  readonly #stateDir: string

  constructor(stateDir: string) {
    this.#stateDir = stateDir
    this.#file = join(stateDir, 'reserve')
  }

  /** Gives it up where less than it holds is left. Never throws. */
  giveUp(): void {
    if (this.#free() < size) rmSync(this.#file, { force: true })
  }

  /** Whether so little is left that nothing can be done in order. */
  get isTight(): boolean {
    return this.#free() < size / 8
  }

  /** Puts it there, or back, where there is plenty of room. Never throws. */
  keep(): void {
    if (statSync(this.#file, { throwIfNoEntry: false }) !== undefined || this.#free() < plenty) return
    try {
      // What cannot be compressed takes the room that it seems to take.
      writeFileSync(this.#file, randomBytes(size), { mode: 0o600 })
    } catch {
      rmSync(this.#file, { force: true })
    }
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.#stateDir)
    return bavail * bsize
  }
}
