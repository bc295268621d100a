// `releases`: what was live, newest first.
import { printable } from '../../lib/printable.ts'
import type { ProjectId, Release } from '../../records.ts'
import { shortTime } from '../units.ts'
import { releaseNumber } from './change.ts'
import { releaseText } from './release-text.ts'
import { documents } from './schema.ts'
import { selectEnvironment, selectOnlyProject } from './select.ts'
import { table } from './table.ts'
import type { WordContext } from './views.ts'
import { printJson, Stop, type Word, type WordArguments } from './word.ts'

export const releases: Word = {
  name: 'releases',
  usage: 'releases [ENV [N]] [-p ORG/PROJECT] [--json]',
  summary: 'list the releases of an environment, newest first, or show one in detail',
  takes: [0, 2],
  perProject: true,
  async run(args, context) {
    if (args.rest[1] !== undefined) return await showOne(args, context, releaseNumber(args.rest[1]))
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

async function showOne(args: WordArguments, context: WordContext, n: number): Promise<void> {
  const { project, environment } = await selectEnvironment(args.rest[0] ?? '', args, context)
  const all = await context.views.releases(project, environment.key)
  const release = all.find((one) => one.n === n)
  if (!release) throw new Stop(1, `${environment.key} has no release ${n}; releases ${environment.key} lists them.`)
  const whole = { ...release, since: release.since ?? (await context.verbs.changes(release)) }
  if (args.json) return printJson(context, documents.releases.parse([whole]))
  await context.stdout(`${releaseText(whole).join('\n')}\n`)
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
