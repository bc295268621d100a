// `run`: a command in an environment.
import { asked } from './change.ts'
import { selectEnvironment } from './select.ts'
import { Stop, type Word } from './word.ts'

export const run: Word = {
  name: 'run',
  usage: 'run ENV [-p ORG/PROJECT] -- COMMAND…',
  summary: 'run a command in an environment, with its variables and data; ssh -t gives it a terminal',
  takes: [1, 1],
  perProject: true,
  takesCommand: true,
  takesTerminal: true,
  async run(args, context) {
    if (args.json) throw new Stop(1, 'run prints what the command prints, not a document.', true)
    if (args.command.length === 0) throw new Stop(1, 'run needs a command after --, such as: run main -- env', true)
    const selected = await selectEnvironment(args.rest[0]!, args, context)
    return await context.verbs.run(asked(selected, context), args.command, context.client)
  },
}
