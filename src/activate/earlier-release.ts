// Releases from before: which one a rollback means, and whether all of it is still there. Nothing is guessed here.
import { existsSync } from 'node:fs'
import type { Context, Next } from '../context.ts'
import { shellWord } from '../lib/shell-word.ts'
import { Refused, type Release } from '../records.ts'
import { verificationOf } from './plan.ts'
import { generationPath, profilePath } from './profile.ts'

/** The release that a rollback to `n` means; null: the one that was live before, by the record. Throws Refused when there is none. */
export function rollbackTarget(ctx: Context, project: string, key: string, n: number | null): Release {
  const live = ctx.state.environments.get(project, key)?.live ?? null
  const wanted = n ?? releaseBefore(ctx, project, key)
  const list = `ssh HOST releases ${shellWord(key)} -p ${project} lists them.`
  if (wanted === null) throw new Refused(`no release of ${key} was live before this one`, { help: [list] })
  if (wanted === live)
    throw new Refused(`release ${wanted} of ${key} is live already`, {
      help: [`To activate it anew: ssh HOST redeploy ${shellWord(key)} -p ${project}`],
    })
  const release = ctx.state.environments.release(project, key, wanted)
  if (release === null) throw new Refused(`${key} has no release ${wanted}`, { help: [list] })
  return release
}

/**
 * The release that was live before the present one, by the record; null: none was. A release that was only activated anew has the same
 * content: going back from it means going back from what it was.
 */
export function releaseBefore(ctx: Context, project: string, key: string): number | null {
  const { deploys, environments } = ctx.state
  const madeBy = (n: number) => deploys.get(environments.deployOf(project, key, n) ?? 0)
  const row = environments.get(project, key)
  // What is paused is as good as live: going back from it means going back from what would wake.
  const present = row?.live ?? row?.wakes ?? null
  let change = present === null ? deploys.lastStop(project, key) : madeBy(present)
  while (change?.kind === 'redeploy' && change.previous_release !== null) change = madeBy(change.previous_release)
  return change?.previous_release ?? null
}

/** A release as what an environment is to become again. Throws Refused when its generation or its store path is gone. */
export function asBefore(ctx: Context, release: Release, label: string): Next {
  const { project, key, n, generation, commit, tree, storePath: out, closureBytes } = release
  const environment = ctx.state.environments.get(project, key)
  const profile = profilePath(ctx.host, environment?.user_name ?? '')
  const kept = generationPath(profile, generation)
  const collected = release.outcome === 'collected'
  const other = !collected && kept !== null && kept !== out
  if (collected || other || kept === null || !existsSync(ctx.host.nix.realPath(out))) {
    const why = collected ? 'was collected' : other ? 'is not what it was' : 'is gone'
    throw new Refused(`release ${n} of ${key} ${why}`, {
      headline: `Release ${n} of ${key} ${why}`,
      detail: [other ? `Its generation ${generation} is ${kept} by now, not ${out}` : `The store does not keep ${out}`],
      help: [
        `To build it again, push its commit, which is ${commit}`,
        `What there is to go back to: ssh HOST releases ${shellWord(key)} -p ${project}`,
      ],
    })
  }
  return {
    closure: Promise.resolve({ closureBytes, since: null }),
    ...{ commit, tree, out, generation, label, newPolicy: null, tag: null },
    preview: environment?.preview ?? null,
    verification: verificationOf(ctx, project, key),
    ...{ proven: release, again: null, ttl: null },
  }
}
