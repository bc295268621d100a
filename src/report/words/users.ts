// `users`: who may log in, by the configuration file and by word.
import { documents } from './schema.ts'
import { administrator, subcommand } from './subcommand.ts'
import { table } from './table.ts'
import { printJson, type Word } from './word.ts'

export const users: Word = {
  name: 'users',
  usage: 'users [list | add NAME [--administrator] | remove NAME] [--json]',
  summary: 'who may log in; for administrators',
  takes: [0, 2],
  perProject: false,
  options: { administrator: 'flag' },
  async run(args, context) {
    const who = administrator(context)
    const { name, rest } = subcommand('users', args, { list: '', add: 'NAME', remove: 'NAME' })
    const [user = ''] = rest
    if (name === 'add') {
      context.verbs.addUser(who, user, args.options.administrator === true)
      return context.stdout(`${user} is added; give them a key: ssh HOST keys add ${user} < FILE.pub\n`)
    }
    if (name === 'remove') {
      context.verbs.removeUser(who, user)
      return context.stdout(`${user} is removed, with all keys.\n`)
    }
    const list = context.verbs.users(who)
    if (args.json) return printJson(context, documents.users.parse(list))
    const rows = list.map((one) => [
      ...[one.name, one.administrator ? 'administrator' : 'member', String(one.keys), one.source],
    ])
    await context.stdout(`${table([['USER', 'ROLE', 'KEYS', 'SAID IN'], ...rows]).join('\n')}\n`)
  },
}
