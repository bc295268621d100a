// What the doctor finds: one difference, and how to mend it.

import type { State } from '../../state/state.ts'
import type { OperatorNix } from '../operator-nix.ts'

export interface Finding {
  /** What it is about: `acme/shop main`, `state`, `machine`. */
  readonly where: string
  /** What differs, as a sentence without its full stop. */
  readonly what: string
  /** What to do about it: a command, or a sentence. */
  readonly mend: string
}

export interface Patient {
  readonly stateDir: string
  readonly runtimeDir: string
  readonly path: string
  readonly state: State
  readonly nix: OperatorNix
  /** Whether a receiver runs on the state directory. */
  readonly running: boolean
  /** User name → directory of its socket (null: not served), as the running receiver's front door says; null: nobody answers. */
  readonly routes: Readonly<Record<string, string | null>> | null
}

/** The beginning of a `git` command for a repository, as it is pasted into a shell. */
export function gitIn(repository: string): string {
  return `git -C ${quoted(repository)}`
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_/.:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
