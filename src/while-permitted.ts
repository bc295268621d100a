// What goes on for long (a command, a socket, a log that is followed) ends when its person may not do it any more.
import type { Context } from './context.ts'
import { Refused } from './records.ts'
import type { Asker, Question } from './state/decide.ts'

export interface Permission extends Disposable {
  /** Aborts with Refused once the right is gone. */
  readonly signal: AbortSignal
}

/** Follows one right that was granted. Dispose it when what was permitted has ended. */
export function whilePermitted(ctx: Context, { pusher }: Asker, { action, project, key }: Question): Permission {
  const controller = new AbortController()
  const { people } = ctx.state
  const look = () => {
    if (people.identify(pusher.fingerprint) !== null && people.may(pusher, action, project, key)) return
    controller.abort(new Refused('ended: this key has lost the right to it'))
  }
  const off = people.onChange(look)
  return { signal: controller.signal, [Symbol.dispose]: off }
}
