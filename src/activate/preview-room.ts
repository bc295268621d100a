// Whether there is room for one more preview, and whether a push asks for no more than its pattern gives.
import type { Context, PushDeploy } from '../context.ts'
import { laneOf } from '../lib/lanes.ts'
import { shellWord } from '../lib/shell-word.ts'
import { parseTtl } from '../lib/ttl.ts'
import { Refused } from '../records.ts'
import type { EnvironmentRow } from '../state/environments.ts'
import { type Preview, previewOf } from '../state/previews.ts'

/** How many of the previews that are there a refusal names. */
const NAMED = 3

/** Throws Refused for what a push may not ask of the environment that it means: a longer life, or a preview too many. */
export function checkPreview(ctx: Context, { project, options }: PushDeploy, key: string): void {
  const policy = ctx.state.projects.get(project)?.policy
  const preview = policy === undefined ? null : previewOf(policy, key)
  if (options.ttl !== null) checkTtl(preview, key, options.ttl)
  if (preview === null || isThere(ctx.state.environments.get(project, key))) return
  if (options.noActivate)
    throw new Refused(`${key} is not there yet, so no-activate leaves nothing as it is`, {
      help: [`Push it once: git push hostenv ${shellWord(key)}`],
    })
  checkRoom(ctx, project, [key])
}

/** Throws Refused for a life that is none, or longer than the pattern allows. */
export function checkTtl(preview: Preview | null, key: string, ttl: string): void {
  if (preview === null)
    throw new Refused(`${key} is declared and never expires`, { help: ['A ttl is for previews; leave it out here.'] })
  const wanted = parseTtl(ttl)
  if (wanted === null) throw new Refused(`a ttl is a time like 12h, 7d or 2w, not '${ttl}'`)
  if (preview.ttl === null || wanted <= (parseTtl(preview.ttl) ?? 0)) return
  throw new Refused(`a preview of this pattern lives ${preview.ttl} at most`, {
    help: [
      `previews.${JSON.stringify(preview.pattern)}.ttl says so; who may push the canonical branch can change it.`,
      'Each push, and ssh HOST renew, gives it that time anew.',
    ],
  })
}

/** The lane in which previews of one pattern are made one after the other; null for what is there already, or is no preview. */
export function roomLane(ctx: Context, project: string, key: string): string | null {
  const policy = ctx.state.projects.get(project)?.policy
  const preview = policy === undefined ? null : previewOf(policy, key)
  if (preview === null || isThere(ctx.state.environments.get(project, key))) return null
  return laneOf.previews(project, preview.pattern)
}

/** The previews beyond `max`, the first to go first, where the pattern of a key says that the oldest make room. */
export function beyondMax(ctx: Context, project: string, key: string): EnvironmentRow[] {
  const policy = ctx.state.projects.get(project)?.policy
  const preview = policy === undefined ? null : previewOf(policy, key)
  if (preview === null || preview.max === null || preview.evict !== 'oldest') return []
  const all = madeBy(ctx, project, preview.pattern)
  const others = all.filter((row) => row.key !== key)
  return others.slice(0, Math.max(0, all.length - preview.max))
}

// What was declared since is no preview any more.
function madeBy(ctx: Context, project: string, pattern: string): EnvironmentRow[] {
  return ctx.state.lifetimes.ofPattern(project, pattern).filter(({ key }) => !ctx.state.projects.declares(project, key))
}

function isThere(row: EnvironmentRow | null): boolean {
  return row !== null && (row.live !== null || row.wakes !== null)
}

/** Throws Refused where all of these previews together are more than there may be. Those that are there already take no room. */
export function checkRoom(ctx: Context, project: string, keys: readonly string[]): void {
  const policy = ctx.state.projects.get(project)?.policy
  if (policy === undefined) return
  const news = keys.filter((key) => !isThere(ctx.state.environments.get(project, key)))
  const made = news.flatMap((key) => previewOf(policy, key) ?? [])
  for (const [pattern, same] of Map.groupBy(made, (preview) => preview.pattern))
    checkPattern(ctx, project, same[0] as Preview, pattern, same.length)
}

function checkPattern(ctx: Context, project: string, { max, evict }: Preview, pattern: string, more: number): void {
  const all = madeBy(ctx, project, pattern)
  if (max === null || evict === 'oldest' || all.length + more <= max) return
  const oldest = all.slice(0, NAMED).map(({ key, live }) => (live === null ? `${key} (paused)` : key))
  const first = all[0]?.key ?? ''
  throw new Refused(`there are ${all.length} previews of ${pattern}, and at most ${max} may be`, {
    detail: [`The oldest: ${oldest.join(', ')}`],
    help: [
      `To remove one: git push hostenv ${shellWord(`:${first}`)}`,
      `To let the oldest make room: previews.${JSON.stringify(pattern)}.evict = "oldest";`,
    ],
  })
}
