// `audit`: what was decided about who may do what.
import { projectName } from '../../lib/repositories.ts'
import { shortTime } from '../units.ts'
import { documents } from './schema.ts'
import { selectEnvironment, selectProject } from './select.ts'
import { administrator } from './subcommand.ts'
import { table } from './table.ts'
import { printJson, Stop, type Word } from './word.ts'

export const audit: Word = {
  name: 'audit',
  usage: 'audit [ENV] [-p ORG/PROJECT] [--lines N] [--json]',
  summary: 'what was decided about who may do what; for maintainers, and of everything for administrators',
  takes: [0, 1],
  perProject: true,
  options: { lines: 'value' },
  async run(args, context) {
    const { lines = '50' } = args.options
    if (typeof lines !== 'string' || !/^[1-9]\d{0,5}$/.test(lines)) throw new Stop(1, '--lines takes a number.', true)
    const [text] = args.rest
    const selected = text === undefined ? null : await selectEnvironment(text, args, context)
    const project = selected?.project ?? (args.project === null ? null : await selectProject(args.project, context))
    const list = context.verbs.audit(
      administrator(context),
      project === null ? null : projectName(project),
      selected?.environment.key ?? null,
      Number(lines),
    )
    if (args.json) return printJson(context, documents.audit.parse(list))
    if (list.length === 0) return context.stdout('Nothing was decided there yet.\n')
    const rows = list.map((one) => [
      ...[shortTime(one.at), one.allowed ? 'yes' : 'NO', one.who, one.action],
      ...[[one.project, one.key].filter((part) => part !== null).join(':') || '-', one.subject ?? '', one.why],
    ])
    const head = ['AT', 'MAY', 'WHO', 'WHAT', 'WHERE', 'EXACTLY', 'WHY']
    await context.stdout(`${table([head, ...rows]).join('\n')}\n`)
  },
}
