// What words that change an environment have in common: whom they ask, and how the end is told.
import { projectName } from '../../lib/repositories.ts'
import { documents } from './schema.ts'
import { type Selected, selectEnvironment } from './select.ts'
import type { Asked, Done } from './verbs.ts'
import type { WordContext } from './views.ts'
import { printJson, Stop, type WordArguments } from './word.ts'

/** Asks for a change of the environment that the first argument names. Throws Stop with exit 1 when nothing changed. */
export async function changeOf(
  args: WordArguments,
  context: WordContext,
  ask: (asked: Asked) => Promise<Done>,
): Promise<void> {
  const selected = await selectEnvironment(args.rest[0]!, args, context)
  const { project } = selected
  const { key } = selected.environment
  const done = await ask(asked(selected, context))
  const { ok, deploy } = done
  const end = { project: projectName(project), key, deploy, ok }
  const more = done.ok ? { release: done.release, reason: null } : { release: null, reason: done.reason }
  if (args.json) await printJson(context, documents.change.parse({ ...end, ...more }))
  if (!done.ok) throw new Stop(1, done.reason)
}

/** Who asks for what they selected. */
export function asked({ project, environment }: Selected, context: WordContext): Asked {
  const { pusher, peer, stderr: tell, closed = new AbortController().signal } = context
  return { pusher, peer, project, key: environment.key, tell, closed }
}

/** The value of --confirm. */
export function confirmed(args: WordArguments): string | null {
  const { confirm } = args.options
  return typeof confirm === 'string' ? confirm : null
}

/** The number of a release, as a person writes it. Throws Stop. */
export function releaseNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new Stop(1, 'A release is a number; releases ENV lists them.', true)
}
