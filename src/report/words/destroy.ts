// `destroy`: what deleting its branch does, by word.
import { changeOf, confirmed } from './change.ts'
import type { Word } from './word.ts'

export const destroy: Word = {
  name: 'destroy',
  usage: 'destroy ENV [--confirm ENV] [-p ORG/PROJECT] [--json]',
  summary: 'tear down a preview, or stop an environment, and delete its branch',
  takes: [1, 1],
  perProject: true,
  options: { confirm: 'value' },
  run: (args, context) => changeOf(args, context, (asked) => context.verbs.destroy(asked, confirmed(args))),
}
