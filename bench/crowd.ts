// A receiver with 200 projects and 1,000 environments, as that many deploys would have left it. A thousand real pushes would take
// longer than all else here, so two projects are really pushed, and the others are written with the receiver's own modules while it
// is stopped: rows (deploys, releases, policies with a user each, lives), repositories with their refs, profiles and directories, all
// of the same kinds as the two have. Each project has a live `main` and four paused previews. Of the 200 that are live 20 run a Node
// process and the others a tree of services without a process, as 1,000 Node processes fit in no memory that people have for this;
// the daemon itself starts them, from their rows, when it comes back.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { git } from '../src/lib/git.ts'
import { environmentFacts, userName } from '../src/lib/names.ts'
import { projectId, repositoryPath } from '../src/lib/repositories.ts'
import { mustRun } from '../src/lib/spawn.ts'
import type { EnvironmentManifest, Manifest, Release } from '../src/records.ts'
import { State } from '../src/state/state.ts'
import { fingerprintOfLine } from '../src/transport/key.ts'
import { path } from '../test/helpers/programs.ts'
import { makeProject } from '../test/helpers/project.ts'
import type { Receiver } from '../test/helpers/receiver.ts'
import type { Ending } from '../test/helpers/temp-dir.ts'

export const crowd = { projects: 200, previews: 4, running: 20 }

const module = (processes: string) => `{ pkgs, ... }:
{
  environments.main = { type = "production"; deploymentVerification.upFor = 0; };
  previews."feature/*" = { extends = "main"; type = "development"; ttl = "14d"; };
  ${processes}
}
`
const web = `processes.web = {
    command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
    environment.GREETING = "\${../greeting.txt}";
  };`

/** A project of one environment and its previews; its process is hello-web's, or there is none. */
export function crowdProject(ending: Ending, runs: boolean) {
  return makeProject(ending, 'hello-web', { '.hostenv/hostenv.nix': module(runs ? web : '') })
}

/** Makes the crowd around what `receiver` has already. It is stopped for that and runs again afterwards, with `args`, its services too. */
export async function addCrowd(ending: Ending, receiver: Receiver, args: readonly string[]): Promise<void> {
  const names = { running: 'crowd/running', quiet: 'crowd/quiet' }
  for (const [kind, name] of Object.entries(names)) {
    const project = await crowdProject(ending, kind === 'running')
    const pushed = await project.push(receiver, 'main', { name })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
  }
  await receiver.stop()
  using state = new State(receiver.stateDir, fingerprintOfLine)
  const like = (name: string) => {
    const release = state.environments.liveRelease(name, 'main')
    const policy = state.projects.get(name)?.policy
    if (!release || !policy) throw new Error(`${name} is not live`)
    return { name, release, policy }
  }
  const [running, quiet] = [like(names.running), like(names.quiet)]
  const here = { domain: running.policy.environments.main?.hostenv.hostname.split('.').slice(1).join('.') ?? '' }
  const site = { ...here, runtimeDir: receiver.runtimeDir, stateDir: receiver.stateDir }
  const keys = ['main', ...Array.from({ length: crowd.previews }, (_, n) => `feature/${n}`)]
  const projects = Array.from({ length: crowd.projects - 2 }, (_, n) => `crowd/project${n}`)
  state.atomically(() => {
    for (const [n, project] of projects.entries()) {
      const template = n < crowd.running - 1 ? running : quiet
      const facts = environmentFacts(projectId(project), 'main', 'main', site)
      state.projects.setPolicy(project, template.release.commit, policyOf(template.policy, facts, n))
      for (const key of keys) addRows(state, project, key, template.release)
    }
  })
  for (const [n, project] of projects.entries()) {
    const { name, release } = n < crowd.running - 1 ? running : quiet
    for (const key of keys) addFiles(receiver.stateDir, project, key, release)
    await addRepository(receiver.stateDir, name, project, keys.slice(1), release)
  }
  await receiver.restart({ args })
}

function policyOf(policy: Manifest, hostenv: EnvironmentManifest['hostenv'], n: number): Manifest {
  const main = policy.environments.main as EnvironmentManifest
  const blob = [Buffer.from('ssh-ed25519'), Buffer.alloc(32, `key ${n}`)].flatMap((part) => [length(part), part])
  const publicKeys = [`ssh-ed25519 ${Buffer.concat(blob).toString('base64')} person${n}`]
  const users = { [`person${n}`]: { email: `person${n}@example.org`, publicKeys, role: 'deployer' as const } }
  return { ...policy, environments: { main: { ...main, hostenv, users } } }
}

function length(part: Buffer): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(part.length)
  return bytes
}

function addRows(state: State, project: string, key: string, template: Release): void {
  const { organisation, project: name } = projectId(project)
  const { deploys, environments, lifetimes } = state
  const ref = `refs/heads/${key}`
  const row = state.deploys.get(template.deploy)
  if (!row) throw new Error('a release without a deploy')
  const id = deploys.receive({ ...row, project, key, ref, repository: repositoryPath('', project) })
  const { tree, out, generation, cur, finished_at, stages } = row
  deploys.update(id, { unit: id, tree, out, release: 1, generation, cur, finished_at, stages, stage: 'done' })
  environments.reserve(project, key, userName(organisation, name, key))
  environments.addRelease({ ...template, project, key, n: 1, generation: 1, deploy: id })
  if (key === 'main') {
    environments.setLive(project, key, 1)
    return
  }
  environments.setPreview(project, key, 'feature/*')
  lifetimes.live(project, key, new Date(Date.now() + 14 * 86_400_000).toISOString())
  lifetimes.paused(project, key, 1, 'bench', null)
}

// What a generation links to is kept by those that were really pushed: they stand on the same store paths.
function addFiles(stateDir: string, project: string, key: string, { storePath }: Release): void {
  const { organisation, project: name } = projectId(project)
  const folder = join(stateDir, 'env', userName(organisation, name, key))
  for (const part of ['data', 'state', 'cache', 'home', 'log', 'profile'])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o700 })
  symlinkSync(storePath, join(folder, 'profile/profile-1-link'))
  symlinkSync('profile-1-link', join(folder, 'profile/profile'))
}

async function addRepository(
  stateDir: string,
  from: string,
  to: string,
  previews: readonly string[],
  { commit }: Release,
): Promise<void> {
  const repository = repositoryPath(stateDir, to)
  cpSync(repositoryPath(stateDir, from), repository, { recursive: true })
  const refs = previews.flatMap((key) => [`refs/heads/${key}`, `refs/hostenv/releases/${key}/1`])
  const input = refs.map((ref) => `create ${ref} ${commit}\n`).join('')
  await mustRun({ ...git(repository, path, ['update-ref', '--stdin']), input })
}
