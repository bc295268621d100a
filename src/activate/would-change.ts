// What becoming live would do to the processes of an environment, found by comparing definitions and touching nothing.
import type { Context, Ready } from '../context.ts'
import { shortRef } from '../lib/oid.ts'
import { Refused } from '../records.ts'
import { makePlan } from './plan.ts'
import { type Definition, releaseDefinitions } from './release-definitions.ts'

/** Answers the refusal that ends a dry run, with what would have happened. Throws Refused where the push would be refused. */
export async function wouldChange(ctx: Context, ready: Ready): Promise<Refused> {
  const { environment } = await makePlan(ctx, ready)
  const { nix } = ctx.host
  const live = environment && ctx.state.environments.liveRelease(ready.deploy.project, environment.key)
  const before = live ? releaseDefinitions(nix, live.storePath) : new Map<string, Definition>()
  const after = ready.next === null ? new Map<string, Definition>() : releaseDefinitions(nix, ready.next.out)
  const changes = compare(before, after)
  const told = changes.filter(({ how }) => how !== unchanged).map(({ name, how }) => `${how} ${name}`)
  return new Refused(`dry run: would ${summary(ready, environment?.key ?? null, told)}`, {
    headline: 'Dry run: nothing was changed',
    detail: changes.map(({ name, how }) => `${name} would ${how}`),
  })
}

const unchanged = 'go on unchanged'

function summary({ next, deploy }: Ready, key: string | null, told: readonly string[]): string {
  if (key === null) return `delete ${shortRef(deploy.update?.ref ?? '')}, which means no environment`
  if (next === null) return `stop ${key}`
  return told.length === 0 ? 'restart nothing' : told.join(', ')
}

function compare(before: ReadonlyMap<string, Definition>, after: ReadonlyMap<string, Definition>) {
  const all = [...new Set([...before.keys(), ...after.keys()])].sort()
  return all.map((name) => ({ name, how: how(before.get(name), after.get(name)) }))
}

// As the managers decide it (nix/managers).
function how(old: Definition | undefined, next: Definition | undefined): string {
  if (next === undefined) return 'stop'
  if (old === undefined) return 'start'
  if (old.runs !== next.runs || next.everyRelease) return 'restart'
  return old.files === next.files ? unchanged : 'reload'
}
