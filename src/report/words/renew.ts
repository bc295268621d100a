// `renew`: a preview lives longer.
import { projectName } from '../../lib/repositories.ts'
import { timeToCome } from '../../lib/ttl.ts'
import { shortTime } from '../units.ts'
import { asked } from './change.ts'
import { documents } from './schema.ts'
import { selectEnvironment } from './select.ts'
import { printJson, Stop, type Word } from './word.ts'

export const renew: Word = {
  name: 'renew',
  usage: 'renew ENV [--ttl 7d] [-p ORG/PROJECT] [--json]',
  summary: 'give a preview its time anew, or another time; at most what its pattern says',
  takes: [1, 1],
  perProject: true,
  options: { ttl: 'value' },
  async run(args, context) {
    const { project, environment } = await selectEnvironment(args.rest[0]!, args, context)
    const { key } = environment
    const { ttl } = args.options
    const renewed = await context.verbs.renew(
      asked({ project, environment }, context),
      typeof ttl === 'string' ? ttl : null,
    )
    const { ok } = renewed
    const end = { project: projectName(project), key, ok }
    const more = ok ? { expiresAt: renewed.expiresAt, reason: null } : { expiresAt: null, reason: renewed.reason }
    if (args.json) await printJson(context, documents.renew.parse({ ...end, ...more }))
    if (!ok) throw new Stop(1, renewed.reason)
    if (args.json) return
    const { expiresAt, in: left } = renewed
    const when = expiresAt === null ? 'never expires' : `expires in ${timeToCome(left ?? 0)} (${shortTime(expiresAt)})`
    await context.stdout(`${key} ${when}\n`)
  },
}
