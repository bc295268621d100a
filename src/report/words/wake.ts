// `wake`: a paused environment runs again, as the release that it was.
import { changeOf } from './change.ts'
import type { Word } from './word.ts'

export const wake: Word = {
  name: 'wake',
  usage: 'wake ENV [-p ORG/PROJECT] [--json]',
  summary: 'start a paused environment again; this renews a preview',
  takes: [1, 1],
  perProject: true,
  run: (args, context) => changeOf(args, context, (asked) => context.verbs.wake(asked)),
}
