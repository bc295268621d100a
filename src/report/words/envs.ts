// `envs`: every environment that the pusher may see, and what is live there.

import { printable } from '../../lib/printable.ts'
import { projectName } from '../../lib/repositories.ts'
import { shortTime } from '../units.ts'
import { documents } from './schema.ts'
import { selectProject } from './select.ts'
import { table } from './table.ts'
import type { EnvironmentView, WordContext } from './views.ts'
import { watch } from './watch.ts'
import { printJson, type Word, type WordArguments } from './word.ts'

export const envs: Word = {
  name: 'envs',
  usage: 'envs [-p ORG/PROJECT] [--watch] [--json]',
  summary: 'list the environments',
  takes: [0, 0],
  perProject: true,
  options: { watch: 'flag' },
  run: (args, context) =>
    args.options.watch ? watch(context, args.json, (again) => print(args, again)) : print(args, context),
}

async function print(args: WordArguments, context: WordContext): Promise<void> {
  const { views, pusher } = context
  const projects = args.project === null ? await views.projects(pusher) : [await selectProject(args.project, context)]
  const lists = await Promise.all(projects.map(async (project) => views.environments(project)))
  if (args.json) return printJson(context, documents.envs.parse(lists.flat()))
  if (lists.flat().length === 0) return context.stdout('There are no environments yet: push the main branch.\n')
  for (const [i, list] of lists.entries()) {
    const heading = projects.length > 1 ? `${projectName(projects[i]!)}\n` : ''
    await printProject(heading, list, context)
  }
}

function expiry(state: EnvironmentView['state'], at: string): string {
  const gone = state === 'paused' || state === 'stopped'
  return `${gone ? 'goes, with its data,' : 'expires'} ${shortTime(at)}`
}

async function printProject(heading: string, list: readonly EnvironmentView[], context: WordContext): Promise<void> {
  const indent = heading ? '  ' : ''
  const head = ['KEY', 'TYPE', 'STATE', 'REL', 'COMMIT']
  const rows = list.map((one) => [
    one.key,
    one.kind === 'preview' ? 'preview' : one.type,
    one.state,
    one.release === null ? '-' : String(one.release),
    one.commit?.slice(0, 7) ?? '-',
  ])
  const urls = ['URL', ...list.map((one) => one.url ?? '-')]
  const wide = table(
    [head, ...rows].map((row, i) => [...row, urls[i]!]),
    indent,
  )
  // Where the URL does not fit beside the rest, it gets a line of its own.
  const fits = wide.every((line) => line.length <= 80)
  const lines = fits ? wide : table([head, ...rows], indent)
  const text = lines.flatMap((line, i) => {
    const one = list[i - 1]
    if (!one) return [line]
    const below = [
      fits ? null : one.url,
      one.expiresAt === null ? null : expiry(one.state, one.expiresAt),
      one.note ?? null,
    ]
    return [line, ...below.filter((said) => said !== null).map((said) => `${indent}  ${printable(said)}`)]
  })
  await context.stdout(`${heading}${text.join('\n')}\n`)
}
