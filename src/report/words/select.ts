// Which environment or project a person means. What they may not see answers exactly like what does not exist.

import { normalise } from '../../lib/names.ts'
import { projectName } from '../../lib/repositories.ts'
import type { ProjectId } from '../../records.ts'
import { shown } from './arguments.ts'
import type { EnvironmentView, WordContext } from './views.ts'
import { Stop, type WordArguments } from './word.ts'

export interface Selected {
  readonly project: ProjectId
  readonly environment: EnvironmentView
}

/** The project that `name` means. Throws Stop with exit 1. */
export async function selectProject(name: string, context: WordContext): Promise<ProjectId> {
  const projects = await context.views.projects(context.pusher)
  const [organisation = '', project = '', ...more] = name.replace(/\.git$/, '').split('/')
  const wanted = projectName(normalise(organisation, project))
  const found = more.length === 0 ? projects.find((one) => projectName(one) === wanted) : undefined
  if (found) return found
  throw new Stop(1, `There is no project ${shown(name)} that you may see.`)
}

/** The project of -p, else the only one there is. Throws Stop: exit 2 with the list when several are accessible. */
export async function selectOnlyProject(args: WordArguments, context: WordContext): Promise<ProjectId> {
  if (args.project !== null) return selectProject(args.project, context)
  const projects = await context.views.projects(context.pusher)
  if (projects.length > 1) throw choose('Which project? Say it with -p:', projects.map(projectName))
  if (!projects[0]) throw new Stop(1, 'There is no project that you may see.')
  return projects[0]
}

/** The environment that `KEY`, `ORG/PROJECT:KEY` or `KEY -p ORG/PROJECT` means. Throws Stop, exit 1 or 2. */
export async function selectEnvironment(text: string, args: WordArguments, context: WordContext): Promise<Selected> {
  // A colon cannot be in a ref name (git-check-ref-format(1)), so it cannot be in a key.
  const colon = text.indexOf(':')
  const key = text.slice(colon + 1)
  const name = colon === -1 ? args.project : text.slice(0, colon)
  if (colon !== -1 && args.project !== null) throw new Stop(1, 'Give the project once: ORG/PROJECT:KEY or -p.', true)
  const unknown = () => new Stop(1, `There is no environment ${shown(text)} that you may see; envs lists them.`)
  const projects = await candidates(name, context, unknown)
  const found: Selected[] = []
  for (const project of projects) {
    const environment = (await context.views.environments(project)).find((one) => one.key === key)
    if (environment) found.push({ project, environment })
  }
  if (!found[0]) throw unknown()
  // Not only where the key is in several: what works today must not mean something else tomorrow.
  if (projects.length > 1)
    throw choose(
      'Which one? Say:',
      found.map((one) => `${projectName(one.project)}:${key}`),
    )
  return found[0]
}

async function candidates(
  name: string | null,
  context: WordContext,
  unknown: () => Stop,
): Promise<readonly ProjectId[]> {
  if (name === null) return context.views.projects(context.pusher)
  try {
    return [await selectProject(name, context)]
  } catch (error) {
    throw error instanceof Stop ? unknown() : error
  }
}

function choose(question: string, names: readonly string[]): Stop {
  return new Stop(2, [question, ...names.map((name) => `  ${name}`)].join('\n'))
}
