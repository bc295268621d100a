// `redeploy`: the live release, activated anew.
import { changeOf } from './change.ts'
import type { Word } from './word.ts'

export const redeploy: Word = {
  name: 'redeploy',
  usage: 'redeploy ENV [--pushed] [-p ORG/PROJECT] [--json]',
  summary: 'activate the live release anew; this also mends a broken environment',
  takes: [1, 1],
  perProject: true,
  options: { pushed: 'flag' },
  run: (args, context) =>
    changeOf(args, context, (asked) => context.verbs.redeploy(asked, args.options.pushed === true)),
}
