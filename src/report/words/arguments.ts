// Splits the arguments of a word into its options and the rest.
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { printable } from '../../lib/printable.ts'
import { Stop, type Word, type WordArguments } from './word.ts'

/** Throws Stop with exit 1 for anything that the word does not take. */
export function parseArguments(word: Word, argv: readonly string[]): WordArguments {
  const own = Object.entries(word.options ?? {}).map(([name, kind]) => [name, { type: typeOf(kind) }] as const)
  const { values, positionals, tokens } = parse(word, {
    args: [...argv],
    options: {
      json: { type: 'boolean' },
      ...(word.perProject ? { project: { type: 'string', short: 'p' } } : {}),
      ...Object.fromEntries(own),
    },
    allowPositionals: true,
    tokens: true,
  })
  const end = tokens.find(({ kind }) => kind === 'option-terminator')
  const after = end === undefined ? [] : argv.slice(end.index + 1)
  const rest = word.takesCommand ? positionals.slice(0, positionals.length - after.length) : positionals
  const [least, most] = word.takes
  if (rest.length < least)
    throw new Stop(1, `${word.name} needs an argument: ${word.usage.split(' ')[1 + rest.length]}.`, true)
  if (rest.length > most) throw new Stop(1, `${word.name} does not take ${shown(rest[most] as string)}.`, true)
  const { json = false, project = null, ...options } = values
  return {
    json: json === true,
    project: typeof project === 'string' ? project : null,
    options: options as WordArguments['options'],
    rest,
    command: word.takesCommand ? after : [],
  }
}

function typeOf(kind: 'flag' | 'value'): 'boolean' | 'string' {
  return kind === 'flag' ? 'boolean' : 'string'
}

// What node:util says of a wrong option, in a sentence of ours.
function parse<T extends ParseArgsConfig>(word: Word, config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const option = /'(-[^' ]*)[^']*'/.exec(message)?.[1] ?? ''
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      const takes = /does not take/.test(message) ? 'no value' : /project/.test(message) ? 'ORG/PROJECT' : 'a value'
      throw new Stop(1, `${option.replace(/,$/, '')} takes ${takes}.`, true)
    }
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new Stop(1, `${word.name} has no option ${shown(option)}.`, true)
    throw error
  }
}

/** Text of the client in quotes, cut to 80 characters. */
export function shown(text: string): string {
  const safe = printable(text)
  return `'${safe.length > 80 ? `${safe.slice(0, 79)}…` : safe}'`
}
