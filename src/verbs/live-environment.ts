// The environment that a verb works in, where something of it is live.

import type { Place } from '../activate/host.ts'
import { type Live, liveRelease, placeOf } from '../activate/plan.ts'
import { type Restart, releaseProcesses } from '../activate/release-processes.ts'
import type { Context } from '../context.ts'
import { projectName } from '../lib/repositories.ts'
import { Refused } from '../records.ts'
import type { Asked } from '../report/words/verbs.ts'

export interface LiveEnvironment {
  readonly place: Place
  readonly release: Live
  readonly processes: ReadonlyMap<string, Restart>
}

/** Throws Refused when nothing is live. */
export function liveEnvironment(ctx: Context, { project, key }: Pick<Asked, 'project' | 'key'>): LiveEnvironment {
  const name = projectName(project)
  const release = liveRelease(ctx, name, key)
  const storePath = ctx.state.environments.liveRelease(name, key)?.storePath
  if (release === null || storePath === undefined)
    throw new Refused(`nothing of ${key} is live`, {
      help: [`Push it, or go back to a release: ssh HOST rollback ${key}`],
    })
  return { place: placeOf(ctx, project, key), release, processes: releaseProcesses(ctx.host.nix, storePath) }
}

/** Throws Refused, with the processes that there are, for one that is not among them. */
export function checkProcess({ processes }: LiveEnvironment, key: string, name: string): void {
  if (processes.has(name)) return
  const names = [...processes.keys()].join(', ')
  throw new Refused(`${key} has no process of that name`, {
    help: [names === '' ? 'It has none.' : `There are: ${names}`],
  })
}
