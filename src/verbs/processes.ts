// `ps ENV` and `restart ENV [PROCESS]`: the processes of a live environment.
import { setTimeout as sleep } from 'node:timers/promises'
import { asEnvironment } from '../activate/host.ts'
import { processStates } from '../activate/s6.ts'
import type { Context } from '../context.ts'
import { laneOf } from '../lib/lanes.ts'
import { projectName } from '../lib/repositories.ts'
import { run } from '../lib/spawn.ts'
import { Refused } from '../records.ts'
import type { OneOffVerbs } from '../report/words/one-off.ts'
import { permit } from '../state/decide.ts'
import { checkProcess, liveEnvironment } from './live-environment.ts'

/** Makes `ps`: what s6 says of each process of the live release. */
export function makeProcesses(ctx: Context): OneOffVerbs['processes'] {
  return async (asked) => {
    const { place, processes } = liveEnvironment(ctx, asked)
    const states = await processStates(ctx.host, place, [...processes.keys()])
    return [...processes].map(([name, restart]) => {
      const state = states.get(name)
      const finished = restart !== 'always' && state?.lastDeath === 'exit 0'
      return {
        name,
        state: state?.up ? 'up' : finished ? 'finished' : 'down',
        seconds: state?.seconds ?? null,
        lastEnd: state?.lastDeath ?? null,
      }
    })
  }
}

/** Makes `restart`. It takes its turn with deploys of the environment, and requests wait meanwhile. */
export function makeRestart(ctx: Context): OneOffVerbs['restart'] {
  return async (asked, process) => {
    const { project, key, closed } = asked
    const name = projectName(project)
    permit(ctx.state, asked, {
      action: 'restart',
      project: name,
      key,
      ...(process === null ? {} : { subject: process }),
    })
    await ctx.gate.opened()
    const place = ctx.lanes.enterFirst([laneOf.environment(name, key)])
    try {
      await place.turn(AbortSignal.any([closed, ctx.closing]))
      const environment = liveEnvironment(ctx, asked)
      if (process !== null) checkProcess(environment, key, process)
      const names = process === null ? [...environment.processes.keys()] : [process]
      const { userName } = environment.place.facts
      await ctx.switching.begin(userName)
      try {
        await restartAll(ctx, environment, names)
      } finally {
        ctx.switching.end(userName)
      }
      return names
    } finally {
      place.leave()
    }
  }
}

// s6-svc(8): -r restarts what is up, -u starts what is down; -wR waits until it is up, and ready where it says so.
async function restartAll(
  ctx: Context,
  { place, processes }: ReturnType<typeof liveEnvironment>,
  names: readonly string[],
): Promise<void> {
  const before = await processStates(ctx.host, place, names)
  const script = `for name do s6-svc -ru "$HOSTENV_RUNTIME_DIR/s6/service/$name" || exit; done`
  const argv = ['/bin/sh', '-c', script, 'sh', ...names] as const
  const ran = await run(asEnvironment(ctx.host, place, [...argv], { dieWithParent: true }), { timeout: 10_000 })
  if (ran.code !== 0) throw new Refused('s6 could not be reached', { detail: ran.stderr.split('\n').slice(-5) })
  const until = Date.now() + ctx.host.limits.stopTime * 2
  for (;;) {
    const now = await processStates(ctx.host, place, names)
    const waiting = names.filter((name) => {
      const state = now.get(name)
      const again = state?.pid !== before.get(name)?.pid && state?.up === true
      return !again && !(processes.get(name) !== 'always' && state?.lastDeath === 'exit 0')
    })
    if (waiting.length === 0) return
    if (Date.now() > until)
      throw new Refused(`${waiting.join(', ')} did not come up again`, {
        help: [`ssh HOST logs ENV ${waiting[0]} shows what it wrote.`],
      })
    await sleep(50)
  }
}
