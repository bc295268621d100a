// `logs ENV PROCESS [--follow]`: what a process wrote. The files are the environment's, so they are read inside its sandbox.
import { asEnvironment, makeDirectories } from '../activate/host.ts'
import type { Context } from '../context.ts'
import { endGroup } from '../lib/launch.ts'
import { projectName } from '../lib/repositories.ts'
import { start } from '../lib/spawn.ts'
import type { OneOffVerbs } from '../report/words/one-off.ts'
import { permit } from '../state/decide.ts'
import { whilePermitted } from '../while-permitted.ts'
import { checkProcess, liveEnvironment } from './live-environment.ts'

// s6-log(8): `current` is the newest file, the older ones have names that sort by time; tail -F finds the new `current`.
const newest = `cd "$HOSTENV_STATE_DIR/log/$1" || exit 0
cat $(ls -- @*.s @*.u 2>/dev/null) current 2>/dev/null | tail -n "$2"`
const follow = `cd "$HOSTENV_STATE_DIR/log/$1" || exit 0
exec tail -n "$2" -F current 2>/dev/null`

/** Makes the verb. */
export function makeProcessLog(ctx: Context): OneOffVerbs['processLog'] {
  return async function* (asked, log) {
    const { project, key, closed } = asked
    const question = { action: 'logs', project: projectName(project), key, subject: log.process } as const
    permit(ctx.state, asked, question)
    const environment = liveEnvironment(ctx, asked)
    checkProcess(environment, key, log.process)
    makeDirectories(environment.place.facts)
    using permission = whilePermitted(ctx, asked, question)
    const script = log.follow ? follow : newest
    const argv = ['/bin/sh', '-c', script, 'sh', log.process, String(log.lines)] as const
    const command = asEnvironment(ctx.host, environment.place, [...argv], { dieWithParent: true })
    const child = start(command, ['ignore', 'pipe', 'ignore'], { detached: true })
    const gone = AbortSignal.any([closed, permission.signal, ctx.closing])
    const stop = () => endGroup(child)
    child.once('error', stop)
    if (gone.aborted) stop()
    else gone.addEventListener('abort', stop, { once: true })
    try {
      if (child.stdout) yield* child.stdout.setEncoding('utf8') as AsyncIterable<string>
    } finally {
      gone.removeEventListener('abort', stop)
      stop()
    }
  }
}
