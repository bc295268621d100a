// A word that changes an environment: what happens is told on the person's terminal as a push tells it.
import { Writable } from 'node:stream'
import { changeEnvironment } from '../change-environment.ts'
import type { Context, Terminal } from '../context.ts'
import type { Change } from '../decide-change.ts'
import type { Asked, Done } from '../report/words/verbs.ts'

/** Changes the environment that a person asked for. */
export function change(ctx: Context, asked: Asked, what: Change): Promise<Done> {
  const { project, key, pusher: by, peer, closed } = asked
  return changeEnvironment(ctx, { project, key, by, peer, what, closed }, terminal(asked.tell))
}

function terminal(tell: Asked['tell']): Terminal {
  const words = new Writable({
    write(chunk: Buffer, _encoding, done) {
      Promise.resolve(tell(chunk.toString('utf8'))).then(() => done(), done)
    },
  })
  return { words, live: false, color: false }
}
