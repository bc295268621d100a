// Splits the arguments of a word into its options and the rest.
import { printable } from '../../lib/printable.ts'
import { Stop, type Word, type WordArguments } from './word.ts'

/** Throws Stop with exit 1 for anything that the word does not take. */
export function parseArguments(word: Word, argv: readonly string[]): WordArguments {
  const rest: string[] = []
  let json = false
  let project: string | null = null
  let options = true
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string
    const named = /^(?:-p|--project=)(.+)$/.exec(arg)
    if (!options || !arg.startsWith('-')) rest.push(arg)
    else if (arg === '--') options = false
    else if (arg === '--json') json = true
    else if (named && word.perProject) project = named[1] as string
    else if ((arg === '-p' || arg === '--project') && word.perProject) {
      const value = argv[++i]
      if (value === undefined) throw new Stop(1, `${arg} takes ORG/PROJECT.`, true)
      project = value
    } else throw new Stop(1, `${word.name} has no option ${shown(arg)}.`, true)
  }
  const [least, most] = word.takes
  if (rest.length < least) throw new Stop(1, `${word.name} needs an argument.`, true)
  if (rest.length > most) throw new Stop(1, `${word.name} does not take ${shown(rest[most] as string)}.`, true)
  return { json, project, rest }
}

/** Text of the client in quotes, cut to 80 characters. */
export function shown(text: string): string {
  const safe = printable(text)
  return `'${safe.length > 80 ? `${safe.slice(0, 79)}…` : safe}'`
}
