// `rollback`: back to an earlier release, as a new one.
import { changeOf, releaseNumber } from './change.ts'
import type { Word } from './word.ts'

export const rollback: Word = {
  name: 'rollback',
  usage: 'rollback ENV [N] [-p ORG/PROJECT] [--json]',
  summary: 'go back to release N, or to the one that was live before',
  takes: [1, 2],
  perProject: true,
  async run(args, context) {
    const to = args.rest[1] === undefined ? null : releaseNumber(args.rest[1])
    await changeOf(args, context, (asked) => context.verbs.rollback(asked, to))
  },
}
