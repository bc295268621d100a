// `whoami`: the key that signed, and what it may see.

import { printable } from '../../lib/printable.ts'
import { projectName } from '../../lib/repositories.ts'
import { documents } from './schema.ts'
import { printJson, type Word } from './word.ts'

export const whoami: Word = {
  name: 'whoami',
  usage: 'whoami [--json]',
  summary: 'show who you are here',
  takes: [0, 0],
  perProject: false,
  async run(args, context) {
    const { name, fingerprint, admin } = context.pusher
    const projects = (await context.views.projects(context.pusher)).map(projectName)
    if (args.json) return printJson(context, documents.whoami.parse({ name, fingerprint, admin, projects }))
    const role = admin ? ' (administrator)' : ''
    const list = projects.length === 0 ? ['  none yet'] : projects.map((project) => `  ${project}`)
    await context.stdout([`${printable(name)}${role}`, fingerprint, 'projects:', ...list, ''].join('\n'))
  },
}
