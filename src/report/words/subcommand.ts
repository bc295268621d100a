// What words of administrators have in common: what they are to do comes as their first argument.
import type { Administrator } from './administration.ts'
import type { WordContext } from './views.ts'
import { Stop, type WordArguments } from './word.ts'

/** Which one, and what follows it. `most`: by name, how many arguments it takes at most; more than 0: at least one but for `list`. */
export function subcommand<T extends string>(
  { rest }: WordArguments,
  most: Readonly<Record<T | 'list', number>>,
): { readonly name: T | 'list'; readonly rest: readonly string[] } {
  const [said = 'list', ...more] = rest
  if (!Object.hasOwn(most, said)) throw new Stop(1, `Say one of: ${Object.keys(most).join(', ')}.`, true)
  const name = said as T | 'list'
  if (more.length > most[name]) throw new Stop(1, `${name} takes less.`, true)
  const least = name === 'list' ? 0 : name === 'rename' ? 2 : Math.min(1, most[name])
  if (more.length < least) throw new Stop(1, `${name} needs more.`, true)
  return { name, rest: more }
}

/** Who asks. */
export function administrator({ pusher, peer, stderr: tell, closed }: WordContext): Administrator {
  return { pusher, peer, tell, closed: closed ?? new AbortController().signal }
}
