// What becoming live would do to the processes of an environment, found by comparing definitions and touching nothing.
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Ready } from '../context.ts'
import type { Nix } from '../lib/nix.ts'
import { shortRef } from '../lib/oid.ts'
import { Refused } from '../records.ts'
import { makePlan } from './plan.ts'

/** Answers the refusal that ends a dry run, with what would have happened. Throws Refused where the push would be refused. */
export async function wouldChange(ctx: Context, ready: Ready): Promise<Refused> {
  const { environment } = await makePlan(ctx, ready)
  const { nix } = ctx.host
  const live = environment && ctx.state.environments.liveRelease(ready.deploy.project, environment.key)
  const before = live ? definitions(nix, live.storePath) : new Map<string, string>()
  const after = ready.next === null ? new Map<string, string>() : definitions(nix, ready.next.out)
  const changes = compare(nix, before, after)
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

function compare(nix: Pick<Nix, 'realPath'>, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const all = [...new Set([...before.keys(), ...after.keys()])].sort()
  return all.map((name) => {
    const [old, next] = [before.get(name), after.get(name)]
    if (next === undefined) return { name, how: 'stop' }
    if (old === undefined) return { name, how: 'start' }
    const always = existsSync(join(nix.realPath(next), 'restart-on-release'))
    return { name, how: old === next && !always ? unchanged : 'restart' }
  })
}

// Each link leads to a definition in the store, and its path is the definition's identity (nix/renderers). The output is a
// project's: a link that leads elsewhere is none of ours.
function definitions(nix: Pick<Nix, 'realPath'>, out: string): Map<string, string> {
  const folder = join(nix.realPath(out), 'share/hostenv/s6')
  const links = names(folder).flatMap((name): [string, string][] => {
    const target = link(join(folder, name))
    return target !== null && /^\/nix\/store\/[^/]+$/.test(target) ? [[name, target]] : []
  })
  return new Map(links)
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'))
  } catch {
    return []
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}
