// What words of administrators have in common: what they are to do comes as their first argument.
import type { Administrator } from './administration.ts'
import { shown } from './arguments.ts'
import type { WordContext } from './views.ts'
import { Stop, type WordArguments } from './word.ts'

/**
 * Which one, and what follows it. `forms`: by name, what it takes, as in the usage: `USER [KEY]`; `…]` at the end for any number.
 * Throws Stop where it is another one, or has too little or too much.
 */
export function subcommand<T extends string>(
  word: string,
  { rest }: WordArguments,
  forms: Readonly<Record<T | 'list', string>>,
): { readonly name: T | 'list'; readonly rest: readonly string[] } {
  const [said = 'list', ...more] = rest
  if (!Object.hasOwn(forms, said))
    throw new Stop(1, `${word} does not take ${shown(said)}; say one of: ${Object.keys(forms).join(', ')}.`, true)
  const name = said as T | 'list'
  const takes = forms[name].split(' ').filter((one) => one !== '')
  const least = takes.filter((one) => !one.startsWith('[')).length
  const most = forms[name].endsWith('…]') ? Infinity : takes.length
  if (more.length < least || more.length > most || more.slice(0, least).includes(''))
    throw new Stop(1, `${word} ${name} takes these arguments: ${forms[name] || 'none'}.`, true)
  return { name, rest: more }
}

/** Who asks. */
export function administrator({ pusher, peer, stderr: tell, closed }: WordContext): Administrator {
  return { pusher, peer, tell, closed: closed ?? new AbortController().signal }
}
