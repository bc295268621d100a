// `restart`: processes of an environment anew, with the same release.
import { projectName } from '../../lib/repositories.ts'
import { asked } from './change.ts'
import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import { printJson, type Word } from './word.ts'

export const restart: Word = {
  name: 'restart',
  usage: 'restart ENV [PROCESS] [-p ORG/PROJECT] [--json]',
  summary: 'restart the processes of an environment, or one of them',
  takes: [1, 2],
  perProject: true,
  async run(args, context) {
    const selected = await selectEnvironment(args.rest[0]!, args, context)
    const { project, environment } = selected
    const processes = await context.verbs.restart(asked(selected, context), args.rest[1] ?? null)
    const done = { project: projectName(project), key: environment.key, processes }
    if (args.json) return printJson(context, documents.restart.parse(done))
    await context.stdout(`${processes.map((name) => `${name} restarted\n`).join('') || 'There is no process.\n'}`)
  },
}
