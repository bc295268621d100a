// A project gets another name, or goes. Its rows change at once, and only while nothing of any project is on its way; then its
// files follow, one after the other, and what was live runs again under its new name. A start finishes what a crash left.
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readlink, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { environmentDir } from './activate/host.ts'
import { bringUp } from './activate/keep-running.ts'
import { placeOf } from './activate/plan.ts'
import { generationPath, profilePath } from './activate/profile.ts'
import { removeFilesOf } from './activate/purge.ts'
import { addRoot, keptLink } from './activate/roots.ts'
import { stopTree } from './activate/service-tree.ts'
import type { Context } from './context.ts'
import { laneOf } from './lib/lanes.ts'
import { environmentFacts, userName } from './lib/names.ts'
import { discard, projectId, putInPlace, repositoryPath } from './lib/repositories.ts'
import { type Manifest, Refused } from './records.ts'
import { deployLogPath } from './report/log-file.ts'
import type { Move } from './state/moves.ts'

/** Gives a project another name, and its environments the user names and host names that follow from it. Throws Refused. */
export async function renameProject(ctx: Context, from: string, to: string, closed: AbortSignal): Promise<void> {
  await atRest(ctx, new Set([from, to]), closed, () => {
    const taken = ctx.state.projects.get(to) !== null || existsSync(repositoryPath(ctx.config.stateDir, to))
    if (taken) throw new Refused(`there is a project ${to} already`)
    const userNames = names(ctx, from, to)
    for (const name of Object.values(userNames)) {
      const other = name === null ? null : ctx.state.environments.byUserName(name)
      if (other) throw new Refused(`the user name ${name} belongs to ${other.project} ${other.key}`)
    }
    const policy = ctx.state.projects.get(from)?.policy
    const repositories = [from, to].map((name) => repositoryPath(ctx.config.stateDir, name)) as [string, string]
    const [oldRepository, repository] = repositories
    ctx.state.moves.rename({
      from,
      to,
      userNames,
      policy: policy ? renamed(ctx, policy, to) : null,
      oldRepository,
      repository,
    })
  })
}

/** Removes a project with everything that is its own: environments and their data, releases, repository, logs. Throws Refused. */
export async function removeProject(ctx: Context, name: string, closed: AbortSignal): Promise<void> {
  let deploys: number[] = []
  await atRest(ctx, new Set([name]), closed, () => {
    deploys = ctx.state.moves.remove({ from: name, to: null, userNames: names(ctx, name, null) })
  })
  for (const id of deploys) await rm(deployLogPath(ctx.config.stateDir, id), { force: true })
}

/** Lets the files follow where they have not yet. To be called at a start, before anything else looks at them. */
export async function finishMoves(ctx: Context): Promise<void> {
  for (const move of ctx.state.moves.open()) await follow(ctx, move)
}

async function atRest(
  ctx: Context,
  moved: ReadonlySet<string>,
  closed: AbortSignal,
  change: () => void,
): Promise<void> {
  const open = await ctx.gate.close(() => ctx.lanes.idle, AbortSignal.any([closed, ctx.closing]))
  if (open === null) throw new Refused('given up: deploys were on their way until you went away')
  // Nobody starts again what is stopped here.
  const rows = [...moved].flatMap((project) => ctx.state.environments.ofProject(project))
  const lanes = ctx.lanes.enterFirst(rows.map(({ project, key }) => laneOf.environment(project, key)))
  const switching = new Set<string>()
  try {
    await lanes.turn()
    for (const { project, key } of rows) {
      const { facts } = placeOf(ctx, projectId(project), key)
      switching.add(facts.userName)
      await ctx.switching.begin(facts.userName)
      await stopTree(ctx.host, facts)
    }
    ctx.state.atomically(change)
    // What people may do may have changed with it.
    ctx.state.people.refresh()
    for (const move of ctx.state.moves.open()) await follow(ctx, move)
  } finally {
    // Under whichever name they have now.
    for (const row of ctx.state.environments.live()) if (moved.has(row.project)) await bringUp(ctx, row)
    for (const name of switching) ctx.switching.end(name)
    lanes.leave()
    open()
  }
}

function names(ctx: Context, from: string, to: string | null): Move['userNames'] {
  const rows = ctx.state.environments.ofProject(from)
  const id = to === null ? null : projectId(to)
  return Object.fromEntries(
    rows.map(({ key, user_name: old }) => [old, id === null ? null : userName(id.organisation, id.project, key)]),
  )
}

// Facts follow from the name, and the own host name is one of them.
function renamed(ctx: Context, policy: Manifest, to: string): Manifest {
  const { domain, runtimeRoot, stateRoot } = ctx.resolve.site
  const site = { domain, runtimeDir: runtimeRoot, stateDir: stateRoot }
  const environments = Object.entries(policy.environments).map(([key, one]) => {
    const hostenv = environmentFacts(projectId(to), key, one.hostenv.gitRef, site)
    const hosts = Object.entries(one.virtualHosts).map(([name, host]) => [
      name === one.hostenv.hostname ? hostenv.hostname : name,
      host,
    ])
    return [key, { ...one, hostenv, virtualHosts: Object.fromEntries(hosts) }]
  })
  return { ...policy, environments: Object.fromEntries(environments) }
}

async function follow(ctx: Context, move: Move): Promise<void> {
  const { stateDir } = ctx.config
  const { from, to, userNames } = move
  for (const [old, name] of Object.entries(userNames)) {
    if (name !== null) await moveFiles(ctx, old, name)
    await removeFilesOf(ctx, old)
  }
  const repository = repositoryPath(stateDir, from)
  if (to === null) await discard(repository)
  else if (existsSync(repository)) await putInPlace(repository, repositoryPath(stateDir, to))
  ctx.state.moves.done(move)
  ctx.log.info({ from, to }, 'a project was moved')
}

// The folder with data, state, home and profile; and the roots that keep its builds, which are known by their place.
async function moveFiles(ctx: Context, old: string, name: string): Promise<void> {
  const [source, target] = [environmentDir(ctx.host, old), environmentDir(ctx.host, name)]
  if (existsSync(source) && !existsSync(target)) {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await rename(source, target)
  }
  const profile = profilePath(ctx.host, name)
  const links = existsSync(dirname(profile)) ? readdirSync(dirname(profile)) : []
  for (const link of links) {
    const generation = /^profile-(\d+)-link$/.exec(link)?.[1]
    const out = generation === undefined ? null : generationPath(profile, Number(generation))
    if (out !== null && existsSync(ctx.host.nix.realPath(out)))
      await addRoot(ctx.host.nix, join(dirname(profile), link), out)
  }
  // A link is a root at the place that is said to Nix. The old one goes with the files of the old name.
  const kept = await readlink(keptLink(ctx.config.stateDir, old)).catch(() => null)
  if (kept !== null && existsSync(ctx.host.nix.realPath(kept)))
    await addRoot(ctx.host.nix, keptLink(ctx.config.stateDir, name), kept)
}
