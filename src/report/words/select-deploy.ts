// Which deploy a person means: its number, or the newest of an environment.
import { projectName } from '../../lib/repositories.ts'
import { selectEnvironment } from './select.ts'
import type { DeployView, WordContext } from './views.ts'
import { Stop, type WordArguments } from './word.ts'

/** The number of `d41` or `41`; null for anything else. */
export function deployNumber(text: string): number | null {
  const number = /^d?([1-9]\d{0,14})$/.exec(text)?.[1]
  return number === undefined ? null : Number(number)
}

/** Throws Stop: what may not be seen answers like what is not there. */
export async function selectDeploy(text: string, args: WordArguments, context: WordContext): Promise<DeployView> {
  const number = args.project === null ? deployNumber(text) : null
  if (number === null) {
    const { project, environment } = await selectEnvironment(text, args, context)
    const newest = await context.views.latestDeploy(project, environment.key)
    if (!newest) throw new Stop(1, `${projectName(project)}:${environment.key} has no deploy yet.`)
    return newest
  }
  const deploy = await context.views.deploy(number)
  const projects = await context.views.projects(context.pusher)
  if (!deploy || !projects.some((project) => projectName(project) === projectName(deploy.project)))
    throw new Stop(1, `There is no deploy d${number} that you may see.`)
  return deploy
}
