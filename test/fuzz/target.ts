// What a target of the fuzzing is: inputs, and an oracle that says what is right about each.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

export interface Target<T> {
  readonly inputs: fc.Arbitrary<T>
  /** Inputs that are tried first in every run: what was found wrong once, and what nobody would think of. */
  readonly corpus: readonly T[]
  /** Throws an Error that says what is wrong. Takes no longer than `mostMilliseconds`. */
  check(input: T): void | Promise<void>
  /** Looks at all inputs of a run at once, for oracles that are programs. Answers a sentence for each that is wrong. */
  together?(inputs: readonly T[]): Promise<string[]>
}

/** How many inputs each target gets in `npm test`, and in `npm run chaos`. */
export const inputsPerRun = { test: 500, chaos: 10_000 } as const

/** CPU time that one input may take; all of them together take seconds. */
export const mostMilliseconds = 2000

/** The inputs that the repository keeps for a target. */
export function corpus<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'corpus', `${name}.json`), 'utf8')) as T[]
}

export function must(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** As `must`, by what JSON shows of both. */
export function mustEqual(is: unknown, should: unknown, what: string): void {
  const [found, expected] = [JSON.stringify(is), JSON.stringify(should)]
  if (found !== expected) throw new Error(`${what}: ${found?.slice(0, 2000)}, should be ${expected?.slice(0, 2000)}`)
}

// What a parser may stumble over, whatever it parses.
const odd = [
  ...['\0', '\u001b[2J', '\n', '\r', '\t', '\u007f', '\u009b', '\u2028', '\u202e', '\ufeff', '\ufffd', '\ud800'],
  ...["'", '"', '\\', '`', '$', '$(', '{', '}', '[', ']', '*', '#', '!', '~', '&', '|', ';', '=', ':', '-', '--', ' '],
  ...[
    '/',
    '//',
    '.',
    '..',
    '../',
    '.lock',
    '@{',
    '@',
    '^',
    '?',
    '%00',
    '%2e',
    '0000',
    'fff0',
    'é',
    '日本',
    '𝒳',
    'null',
  ],
  ...['__proto__', 'constructor', 'HEAD', '9'.repeat(20), '-0', '1e999', 'x'.repeat(300)],
]

/** A text that looks like nothing in particular. */
export const oddText = fc.oneof(
  fc.array(fc.oneof(fc.constantFrom(...odd), fc.string({ maxLength: 4 })), { maxLength: 8 }).map((all) => all.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
)

/** One of these texts with a few cuts, insertions and repetitions. */
export function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat({ max: 10_000 }),
    length: fc.nat({ max: 12 }),
    put: fc.oneof(fc.constant(''), fc.constantFrom(...odd), fc.string({ maxLength: 3 })),
    twice: fc.boolean(),
  })
  return fc.tuple(fc.constantFrom(...texts), fc.array(edit, { maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((before, { at, length, put, twice }) => {
      const from = at % (before.length + 1)
      const cut = before.slice(from, from + length)
      return before.slice(0, from) + put + (twice ? cut + cut : '') + before.slice(from + length)
    }, text),
  )
}
