// `help`: the words there are.
import { wrap } from '../wrap.ts'
import { shown } from './arguments.ts'
import { documents } from './schema.ts'
import { meaningLines, usageLines } from './usage.ts'
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
    await context.stdout(wanted === undefined ? helpText(words) : text(about))
  },
}

/** What `ssh HOST help` prints, and `ssh HOST` alone. */
export function helpText(words: readonly Word[]): string {
  return text(words, 'Push a branch to get its environment. Over SSH there are these words:')
}

/** Each word with what it does, below `heading`; what the names in them stand for comes last. */
function text(words: readonly Word[], heading?: string): string {
  const indent = heading === undefined ? '' : '  '
  const lines = words.flatMap((word) => [
    ...usageLines(word, indent),
    ...wrap(word.summary, { first: `${indent}    ` }),
  ])
  const meanings = meaningLines(words)
  return [
    ...(heading === undefined ? [] : [heading, '']),
    ...lines,
    ...(meanings.length === 0 ? [] : ['', ...meanings]),
    '',
  ].join('\n')
}
