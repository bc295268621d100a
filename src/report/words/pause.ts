// `pause`: the services of an environment stop, and everything of it is kept until it is woken.
import { changeOf, confirmed } from './change.ts'
import type { Word } from './word.ts'

export const pause: Word = {
  name: 'pause',
  usage: 'pause ENV [--confirm ENV] [-p ORG/PROJECT] [--json]',
  summary: 'stop the services of an environment and keep everything else',
  takes: [1, 1],
  perProject: true,
  options: { confirm: 'value' },
  run: (args, context) => changeOf(args, context, (asked) => context.verbs.pause(asked, confirmed(args))),
}
