// `help`: the words there are.

import { wrap } from '../wrap.ts'
import { shown } from './arguments.ts'
import { documents } from './schema.ts'
import { table } from './table.ts'
import { printJson, Stop, type Word } from './word.ts'

export const help: Word = {
  name: 'help',
  usage: 'help [WORD] [--json]',
  summary: 'show this text',
  takes: [0, 1],
  perProject: false,
  async run(args, context, words) {
    const [wanted] = args.rest
    const about = words.filter((word) => wanted === undefined || word.name === wanted)
    if (about.length === 0) throw new Stop(1, `${shown(wanted ?? '')} is not a word.`, true)
    const list = about.map(({ name, usage, summary }) => ({ word: name, usage, summary }))
    if (args.json) return printJson(context, documents.help.parse(list))
    await context.stdout(wanted === undefined ? helpText(words) : `${about[0]!.usage}\n  ${about[0]!.summary}\n`)
  },
}

/** What `ssh HOST help` prints, and what follows a word that is not known. */
export function helpText(words: readonly Word[]): string {
  const lines = words.flatMap((word) => [
    ...wrap(word.usage, { first: '  ', hanging: '    ' }),
    ...wrap(word.summary, { first: '      ' }),
  ])
  return [
    'Push a branch to get its environment. Over SSH there are these words:',
    '',
    ...lines,
    '',
    ...table([
      ['ENV is', 'KEY, ORG/PROJECT:KEY, or KEY -p ORG/PROJECT'],
      ['DEPLOY is', 'the number that a push prints, such as d41'],
    ]),
    '',
  ].join('\n')
}
