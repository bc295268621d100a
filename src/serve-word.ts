// A word over SSH: the session as the words want it, with what a terminal changes.
import type { Readable } from 'node:stream'
import { runWord, takesTerminal } from './report/words/run-word.ts'
import type { Verbs } from './report/words/verbs.ts'
import type { Views } from './report/words/views.ts'
import type { WordSession } from './transport/ssh/types.ts'
import { textWriter } from './transport/text-writer.ts'

/** Runs the word that a session asks for; answers its exit code. */
export function serveWord(session: WordSession, views: Views, verbs: Verbs): Promise<number> {
  const { argv, pusher, peer, terminal, stdin, stdout, stderr, onSignal } = session
  // A word that does not take the terminal for itself is ended by Ctrl-C, which then comes as a byte.
  const interrupted = terminal === null || takesTerminal(argv) ? [] : [interrupt(stdin)]
  const lines = (text: string) => (terminal === null ? text : text.replaceAll('\n', '\r\n'))
  const [out, err] = [textWriter(stdout), textWriter(stderr)]
  return runWord(argv, {
    ...{ pusher, peer, views, verbs, closed: AbortSignal.any([session.closed, ...interrupted]) },
    stdout: (text) => out(lines(text)),
    stderr: (text) => err(lines(text)),
    client: { stdin, stdout, stderr, terminal, onSignal },
  })
}

const CTRL_C = 3

function interrupt(stdin: Readable): AbortSignal {
  const controller = new AbortController()
  stdin.on('data', (chunk: Buffer) => {
    if (chunk.includes(CTRL_C)) controller.abort()
  })
  return controller.signal
}
