// One preview more than `max`: the oldest make room once the new one is live, so that a push that fails costs nobody anything.
import { Writable } from 'node:stream'
import { beyondMax } from './activate/preview-room.ts'
import { changeEnvironment, ofItself } from './change-environment.ts'
import type { Context, PushDeploy, Terminal } from './context.ts'
import { laneOf } from './lib/lanes.ts'

/** Where the receiver speaks to itself: the log of a deploy has it, nobody else reads it. One for each deploy, as a report listens to its own. */
export function nobody(): Terminal {
  return { words: new Writable({ write: (_chunk, _encoding, done) => done() }), live: false, color: false }
}

/** Tears down what is beyond the limit of the pattern that a new preview belongs to, and tells its pusher. */
export async function makeRoom(ctx: Context, { project, session, report }: PushDeploy, key: string): Promise<void> {
  for (const { key: old } of beyondMax(ctx, project, key)) {
    // One that somebody deploys to just now is not old any more.
    if (
      ctx.lanes.isTaken(laneOf.environment(project, old)) ||
      ctx.lanes.isTaken(laneOf.ref(project, `refs/heads/${old}`))
    )
      continue
    const why = `stopping, to make room for ${key}`
    const what = { kind: 'destroy', confirm: null, why } as const
    const closed = new AbortController().signal
    const wanted = { project: session.project, key: old, by: ofItself, peer: '-', what, closed }
    const changed = await changeEnvironment(ctx, wanted, nobody())
    const text = changed.ok
      ? `${old} was removed to make room; its data is kept for a while, and a push brings it back`
      : `${old} should make room, and could not be removed: ${changed.reason}`
    report.emit({ type: changed.ok ? 'note' : 'warning', text })
  }
}
