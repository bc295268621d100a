// `projects` and `audit`: projects made, renamed and removed by word, and what was decided about who may do what.
import { existsSync } from 'node:fs'
import type { Context } from '../context.ts'
import { parseProjectPath, projectName, repositoryPath } from '../lib/repositories.ts'
import { removeProject, renameProject } from '../move-project.ts'
import { Refused } from '../records.ts'
import { count } from '../report/units.ts'
import type { AdministrationVerbs, Administrator } from '../report/words/administration.ts'
import { permit } from '../state/decide.ts'

type ProjectVerbs = Pick<AdministrationVerbs, 'projects' | 'addProject' | 'renameProject' | 'removeProject' | 'audit'>

/** Makes the verbs. */
export function makeProjects(ctx: Context): ProjectVerbs {
  const { state } = ctx
  const administer = (who: Administrator, subject: string) =>
    permit(state, who, { action: 'administer', project: null, key: null, subject })
  const exists = (name: string) =>
    state.projects.get(name) !== null ||
    state.projects.isAdded(name) ||
    existsSync(repositoryPath(ctx.config.stateDir, name))
  const existing = (text: string) => {
    const name = projectName(parseProjectPath(text))
    if (exists(name)) return name
    throw new Refused(`there is no project ${name}`, { help: ['ssh HOST projects lists them.'] })
  }

  return {
    projects(who) {
      administer(who, 'projects list')
      const names = new Set([
        ...state.projects.all().map(({ name }) => name),
        ...state.deploys.projects(),
        ...state.registry.addedProjects(),
      ])
      return [...names].sort().map((project) => ({
        project,
        commit: state.projects.get(project)?.policyCommit ?? null,
        environments: state.environments.ofProject(project).length,
      }))
    },
    addProject(who, text) {
      administer(who, `projects add ${text}`)
      const name = projectName(parseProjectPath(text))
      if (exists(name)) throw new Refused(`there is a project ${name} already`)
      state.registry.addProject(name)
      return name
    },
    async renameProject(who, text, next) {
      administer(who, `projects rename ${text} ${next}`)
      const [from, to] = [existing(text), projectName(parseProjectPath(next))]
      if (from === to || exists(to)) throw new Refused(`there is a project ${to} already`)
      if (Object.hasOwn(ctx.config.projects, from))
        throw new Refused(`${from} is in the configuration file`, {
          help: [`Rename it there first, so that it keeps what the file says of it: ${ctx.config.file}`],
        })
      await renameProject(ctx, from, to, who.closed)
    },
    async removeProject(who, text, confirm) {
      administer(who, `projects remove ${text}`)
      const name = existing(text)
      if (confirm !== name) throw new Refused(`removing ${name} has to be confirmed`, whatGoes(ctx, name))
      await removeProject(ctx, name, who.closed)
    },
    audit(who, project, key, lines) {
      permit(state, who, { action: project === null ? 'administer' : 'audit', project, key: null, subject: 'audit' })
      return state.audit.list({ project, key, lines }).map(({ id, origin, ...line }) => ({ ...line, from: origin }))
    },
  }
}

function whatGoes({ state }: Context, name: string) {
  const rows = state.environments.ofProject(name)
  const releases = rows.map(({ key }) => state.environments.releases(name, key).length)
  const detail = [
    'What goes, at once and for ever:',
    ...rows.map(
      ({ key, live }, n) =>
        `  ${key}: its data, ${count(releases[n] ?? 0, 'release')}${live === null ? '' : '; it is live'}`,
    ),
    '  the repository with all branches and tags, and the logs of its deploys',
    'What stays: the audit.',
  ]
  return { detail, help: [`To do it: ssh HOST projects remove ${name} --confirm ${name}`] }
}
