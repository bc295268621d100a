// `ps`: the processes of an environment.
import { projectName } from '../../lib/repositories.ts'
import { durationText } from '../units.ts'
import { asked } from './change.ts'
import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import { table } from './table.ts'
import { printJson, type Word } from './word.ts'

export const ps: Word = {
  name: 'ps',
  usage: 'ps ENV [-p ORG/PROJECT] [--json]',
  summary: 'list the processes of an environment',
  takes: [1, 1],
  perProject: true,
  async run(args, context) {
    const selected = await selectEnvironment(args.rest[0]!, args, context)
    const list = await context.verbs.processes(asked(selected, context))
    const where = { project: projectName(selected.project), key: selected.environment.key }
    if (args.json) return printJson(context, documents.ps.parse(list.map((one) => ({ ...where, ...one }))))
    if (list.length === 0) return context.stdout(`${where.key} has no processes.\n`)
    const rows = list.map(({ name, state, seconds, lastEnd }) => [
      ...[name, state, seconds === null ? '-' : durationText(seconds * 1000), lastEnd ?? '-'],
    ])
    await context.stdout(`${table([['PROCESS', 'STATE', 'FOR', 'ENDED LAST'], ...rows]).join('\n')}\n`)
  },
}
