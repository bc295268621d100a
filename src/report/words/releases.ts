// `releases`: what was live, newest first.
import { printable } from '../../lib/printable.ts'
import type { ProjectId, Release } from '../../records.ts'
import { shortTime } from '../units.ts'
import { documents } from './schema.ts'
import { selectEnvironment, selectOnlyProject } from './select.ts'
import { table } from './table.ts'
import type { WordContext } from './views.ts'
import { printJson, type Word, type WordArguments } from './word.ts'

export const releases: Word = {
  name: 'releases',
  usage: 'releases [ENV] [-p ORG/PROJECT] [--json]',
  summary: 'list the releases of an environment, newest first',
  takes: [0, 1],
  perProject: true,
  async run(args, context) {
    const { project, keys } = await selected(args, context)
    const lists = await Promise.all(keys.map(async (key) => context.views.releases(project, key)))
    if (args.json) return printJson(context, documents.releases.parse(lists.flat().sort(newestFirst)))
    for (const [i, list] of lists.entries()) {
      const heading = keys.length > 1 ? `${printable(keys[i]!)}\n` : ''
      const indent = heading ? '  ' : ''
      const lines = list.length === 0 ? [`${indent}no releases yet`] : table(rows(list), indent)
      await context.stdout(`${heading}${lines.join('\n')}\n`)
    }
    if (lists.length === 0) await context.stdout('There are no environments yet: push the main branch.\n')
  },
}

async function selected(
  args: WordArguments,
  context: WordContext,
): Promise<{ project: ProjectId; keys: readonly string[] }> {
  if (args.rest[0] !== undefined) {
    const { project, environment } = await selectEnvironment(args.rest[0], args, context)
    return { project, keys: [environment.key] }
  }
  const project = await selectOnlyProject(args, context)
  const environments = await context.views.environments(project)
  return { project, keys: environments.map((environment) => environment.key) }
}

function rows(list: readonly Release[]): string[][] {
  const head = ['REL', 'COMMIT', 'OUTCOME', 'AT', 'BY', 'LABEL']
  const labelled = list.some((one) => one.label !== null)
  const lines = list.map((one) => [
    String(one.n),
    one.commit.slice(0, 7),
    one.outcome,
    shortTime(one.at),
    one.by,
    one.label ?? '',
  ])
  return [head, ...lines].map((row) => (labelled ? row : row.slice(0, -1)))
}

function newestFirst(a: Release, b: Release): number {
  return b.at < a.at ? -1 : b.at > a.at ? 1 : b.n - a.n
}
