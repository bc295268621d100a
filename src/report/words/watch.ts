// What a word prints, again and again: whenever it changes, until nobody looks any more.
import { setTimeout as sleep } from 'node:timers/promises'
import type { WordContext } from './views.ts'

/** Milliseconds between two looks. */
const INTERVAL = 1000
/** To the upper left corner, and nothing below (ECMA-48: CUP, ED). */
const CLEAR = '\u001b[H\u001b[2J'

/** Prints what `print` prints: in place on a terminal, else one after another (`json`: each on one line). */
export async function watch(
  context: WordContext,
  json: boolean,
  print: (context: WordContext) => Promise<void>,
): Promise<void> {
  const { closed = new AbortController().signal, client } = context
  let shown: string | null = null
  while (!closed.aborted) {
    let text = ''
    const stdout = (more: string) => {
      text += more
    }
    await print({ ...context, stdout })
    if (text !== shown) {
      const whole = json ? `${JSON.stringify(JSON.parse(text))}\n` : text
      const between = shown === null ? '' : '\n'
      await context.stdout(json ? whole : client.terminal === null ? between + whole : CLEAR + whole)
    }
    shown = text
    await sleep(INTERVAL, undefined, { signal: closed }).catch(() => undefined)
  }
}
