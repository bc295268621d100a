// `renew`: a preview has its time anew, counted from now. Nothing runs or stops for it, so there is no deploy.
import { expiryOf } from '../activate/lifetime.ts'
import { checkTtl } from '../activate/preview-room.ts'
import type { Context } from '../context.ts'
import { projectName } from '../lib/repositories.ts'
import { shellWord } from '../lib/shell-word.ts'
import { Refused } from '../records.ts'
import type { Asked, Renewed } from '../report/words/verbs.ts'
import { permit } from '../state/decide.ts'
import { previewOf } from '../state/previews.ts'

/** Answers when it expires now, or why it cannot be renewed. */
export function renew(ctx: Context, asked: Asked, ttl: string | null): Renewed {
  const { key } = asked
  const project = projectName(asked.project)
  try {
    permit(ctx.state, asked, { action: 'preview', project, key, ...(ttl === null ? {} : { subject: `ttl ${ttl}` }) })
    const policy = ctx.state.projects.get(project)?.policy
    const preview = policy === undefined ? null : previewOf(policy, key)
    if (preview === null) throw new Refused(`${key} is declared, or its pattern is gone: there is nothing to renew`)
    if (ttl !== null) checkTtl(preview, key, ttl)
    const row = ctx.state.environments.get(project, key)
    if (row?.live == null)
      throw new Refused(row?.wakes == null ? `nothing of ${key} is live` : `${key} is paused`, {
        help: [
          row?.wakes == null
            ? `Push it: git push hostenv ${shellWord(key)}`
            : `Wake it, which renews it too: ssh HOST wake ${shellWord(key)} -p ${project}`,
        ],
      })
    const expiresAt = expiryOf(ctx, project, key, ttl)
    ctx.state.lifetimes.expire(project, key, expiresAt)
    return { ok: true, expiresAt, in: expiresAt === null ? null : Date.parse(expiresAt) - ctx.now() }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { ok: false, reason: [error.message, ...error.help].join('\n') }
  }
}
