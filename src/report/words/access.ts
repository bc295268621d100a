// `access`: who is what in a project, by the configuration file and by word.
import type { Role } from '../../config/roles.ts'
import { documents } from './schema.ts'
import { administrator } from './subcommand.ts'
import { table } from './table.ts'
import { printJson, Stop, type Word } from './word.ts'

export const access: Word = {
  name: 'access',
  usage: 'access ORG/PROJECT [USER ROLE|none] [--json]',
  summary: 'who is what in a project; roles are viewer, deployer, maintainer, administrator',
  takes: [1, 3],
  perProject: false,
  async run(args, context) {
    const who = administrator(context)
    const [project = '', user, role] = args.rest
    if (user !== undefined) {
      if (role === undefined) throw new Stop(1, 'access needs a user and a role, or none.', true)
      // Which roles there are is the verb's to say.
      context.verbs.setAccess(who, project, user, role === 'none' ? null : (role as Role))
      return context.stdout(
        role === 'none' ? `${user} has no role in ${project} by word.\n` : `${user} is ${role} in ${project}.\n`,
      )
    }
    const list = context.verbs.access(who, project)
    if (args.json) return printJson(context, documents.access.parse(list))
    if (list.length === 0) return context.stdout('Nobody but administrators, and whom the project itself names.\n')
    const rows = list.map((one) => [one.user, one.role, one.source])
    await context.stdout(`${table([['USER', 'ROLE', 'SAID IN'], ...rows]).join('\n')}\n`)
  },
}
