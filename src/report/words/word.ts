// What a word is: a name, its help, and what it does with parsed arguments.
import type { WordContext } from './views.ts'

export interface WordArguments {
  readonly json: boolean
  /** The value of -p, as written. */
  readonly project: string | null
  /** Its own options, as written: `true` for one without a value. */
  readonly options: Readonly<Record<string, string | true>>
  readonly rest: readonly string[]
  /** What follows `--`, for a word that takes a command. */
  readonly command: readonly string[]
}

export interface Word {
  readonly name: string
  readonly usage: string
  readonly summary: string
  /** How many arguments it takes beside the options. */
  readonly takes: readonly [least: number, most: number]
  /** Whether `-p ORG/PROJECT` has a meaning for it. */
  readonly perProject: boolean
  /** Its own options, without dashes, and whether each takes a value: `{ follow: 'flag', ttl: 'value' }`. */
  readonly options?: Readonly<Record<string, 'flag' | 'value'>>
  /** Whether it takes a command after `--`, which is left as it is. */
  readonly takesCommand?: boolean
  /** Whether it takes the client's terminal for itself: Ctrl-C is what it makes of it. */
  readonly takesTerminal?: boolean
  /** Answers its exit code where that is not 0. */
  run(args: WordArguments, context: WordContext, words: readonly Word[]): Promise<number> | Promise<void>
}

/** Ends a word with an exit code and a message on stderr; with `help`, the usage follows. */
export class Stop extends Error {
  readonly code: 1 | 2
  readonly help: boolean
  constructor(code: 1 | 2, message: string, help = false) {
    super(message)
    this.name = 'Stop'
    this.code = code
    this.help = help
  }
}

/** Prints a value as the JSON document of a word. */
export async function printJson(context: WordContext, value: unknown): Promise<void> {
  await context.stdout(`${JSON.stringify(value, null, 2)}\n`)
}
