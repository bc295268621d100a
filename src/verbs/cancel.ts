// `cancel DEPLOY`: ends a deploy that has not begun to switch.
import type { Context } from '../context.ts'
import { shortRef } from '../lib/oid.ts'
import { projectName } from '../lib/repositories.ts'
import { Refused } from '../records.ts'
import type { OneOffVerbs } from '../report/words/one-off.ts'
import { permit, record } from '../state/decide.ts'
import { keyOfFullRef } from '../state/previews.ts'

/** Makes the verb. Whoever began a deploy may cancel it; who may deploy there may cancel those of others. */
export function makeCancel(ctx: Context): OneOffVerbs['cancel'] {
  return async (asked, id) => {
    const { people, deploys, projects } = ctx.state
    const row = deploys.get(id)
    const project = projectName(asked.project)
    const policy = projects.get(project)?.policy
    const key = row?.key ?? (row && policy ? keyOfFullRef(policy, row.ref) : null) ?? (row ? shortRef(row.ref) : null)
    const own = row !== null && people.account(row) === people.account(asked.pusher)
    const subject = `d${id}`
    if (own) record(ctx.state, asked, { action: 'cancel', project, key, subject, allowed: true, why: 'began it' })
    else permit(ctx.state, asked, { action: 'cancel', project, key, subject })
    const active = ctx.active.get(id)
    if (active) return active.abort.abort(new Refused(`cancelled by ${asked.pusher.name}`))
    const ended = row?.stage === 'done' || row?.stage === 'failed'
    throw new Refused(ended ? `d${id} has ended already` : `d${id} is switching, and cannot be cancelled any more`, {
      help: [ended ? `ssh HOST logs d${id} tells how.` : `When it has ended: ssh HOST rollback ${key ?? 'ENV'}`],
    })
  }
}
