// `cancel`: ends a deploy that has not switched yet.
import { projectName } from '../../lib/repositories.ts'
import { documents } from './schema.ts'
import { deployNumber, selectDeploy } from './select-deploy.ts'
import { printJson, Stop, type Word } from './word.ts'

export const cancel: Word = {
  name: 'cancel',
  usage: 'cancel DEPLOY [--json]',
  summary: 'cancel a deploy that has not switched yet',
  takes: [1, 1],
  perProject: false,
  async run(args, context) {
    if (deployNumber(args.rest[0]!) === null)
      throw new Stop(1, 'A deploy is a number such as d41; a push prints it.', true)
    const { id, project } = await selectDeploy(args.rest[0]!, args, context)
    const { pusher, peer, stderr: tell, closed = new AbortController().signal } = context
    await context.verbs.cancel({ pusher, peer, project, tell, closed }, id)
    if (args.json)
      return printJson(context, documents.cancel.parse({ project: projectName(project), deploy: id, cancelled: true }))
    await context.stdout(`d${id} is cancelled; what is live stays as it is.\n`)
  },
}
