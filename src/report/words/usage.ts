// How a word is written, as a person reads it at 80 columns.
import { wrap } from '../wrap.ts'
import { table } from './table.ts'
import type { Word } from './word.ts'

const NO_BREAK = '\u00a0'

/** The usage of a word in lines; what stands in brackets is not torn apart. */
export function usageLines({ usage }: Pick<Word, 'usage'>, first: string): readonly string[] {
  const whole = usage.replace(/\[[^[\]|]*\]/g, (option) => option.replaceAll(' ', NO_BREAK))
  const lines = wrap(whole, { first, hanging: ' '.repeat(first.length + 2) })
  return lines.map((line) => line.replaceAll(NO_BREAK, ' '))
}

const meanings: readonly (readonly [name: string, meaning: string])[] = [
  ['ENV', 'KEY, ORG/PROJECT:KEY, or KEY -p ORG/PROJECT'],
  ['DEPLOY', 'the number that a push prints, such as d41'],
]

/** What the names in these usages stand for, a line each; none where there is nothing to explain. */
export function meaningLines(words: readonly Pick<Word, 'usage'>[]): readonly string[] {
  const named = meanings.filter(([name]) => words.some(({ usage }) => new RegExp(`\\b${name}\\b`).test(usage)))
  return table(named.map(([name, meaning]) => [`${name} is`, meaning]))
}
