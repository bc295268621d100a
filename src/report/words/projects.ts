// `projects`: those that there are, made, renamed and removed.
import { documents } from './schema.ts'
import { administrator, subcommand } from './subcommand.ts'
import { table } from './table.ts'
import { printJson, type Word } from './word.ts'

export const projects: Word = {
  name: 'projects',
  usage: 'projects [list | add NAME | rename NAME NEW | remove NAME [--confirm NAME]] [--json]',
  summary: 'the projects of this receiver (ORG/PROJECT); for administrators',
  takes: [0, 3],
  perProject: false,
  options: { confirm: 'value' },
  async run(args, context) {
    const who = administrator(context)
    const { name, rest } = subcommand('projects', args, { list: '', add: 'NAME', rename: 'NAME NEW', remove: 'NAME' })
    const [project = '', next = ''] = rest
    const { confirm } = args.options
    if (name === 'add') {
      const added = context.verbs.addProject(who, project)
      return context.stdout(`${added} can be pushed to by its maintainers: ssh HOST access ${added} USER maintainer\n`)
    }
    if (name === 'rename') {
      await context.verbs.renameProject(who, project, next)
      return context.stdout(
        `${project} is ${next} now; its environments have new addresses: ssh HOST envs -p ${next}\n`,
      )
    }
    if (name === 'remove') {
      await context.verbs.removeProject(who, project, typeof confirm === 'string' ? confirm : null)
      return context.stdout(`${project} is removed.\n`)
    }
    const list = context.verbs.projects(who)
    if (args.json) return printJson(context, documents.projects.parse(list))
    if (list.length === 0) return context.stdout('There is no project yet; the first push of one makes it.\n')
    const rows = list.map((one) => [one.project, one.commit?.slice(0, 7) ?? 'not pushed yet', String(one.environments)])
    await context.stdout(`${table([['PROJECT', 'COMMIT', 'ENVIRONMENTS'], ...rows]).join('\n')}\n`)
  },
}
