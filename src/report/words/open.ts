// `open`: where an environment is served.

import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import { printJson, Stop, type Word } from './word.ts'

export const open: Word = {
  name: 'open',
  usage: 'open ENV [-p ORG/PROJECT] [--json]',
  summary: 'print the address of an environment',
  takes: [1, 1],
  perProject: true,
  async run(args, context) {
    const { environment } = await selectEnvironment(args.rest[0]!, args, context)
    const { project, key, url } = environment
    if (url === null) throw new Stop(1, `Nothing of ${key} is live.`)
    if (args.json) return printJson(context, documents.open.parse({ project, key, url }))
    await context.stdout(`${url}\n`)
  },
}
