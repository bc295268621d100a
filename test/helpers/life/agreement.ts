// Compares a receiver with the model: record, refs, profiles, services and front door must say the same, and say what it says.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentGeneration, generationPath, profilePath } from '../../../src/activate/profile.ts'
import { findTree } from '../../../src/activate/service-tree.ts'
import { processes } from '../../../src/lib/proc.ts'
import { get } from '../http.ts'
import type { Model } from './model.ts'
import { type LifeReceiver, project } from './receiver.ts'

/** A sentence for each thing that is not as the model says. */
export async function disagreements(receiver: LifeReceiver, model: Model): Promise<string[]> {
  const wrong: string[] = []
  const same = (what: string, is: unknown, should: unknown) => {
    if (is !== should) wrong.push(`${what} is ${is}, should be ${should}`)
  }
  const { state, host } = receiver.ctx
  const all = processes()
  const wanted = new Map(model.refs)
  // One whose first deploy failed has its name reserved, and nothing else.
  for (const { key, live } of state.environments.ofProject(project))
    if (!model.environments.has(key)) {
      same(`${key}: what is live`, live, null)
      same(`${key}: its services`, findTree(host, receiver.facts(key), all), null)
      same(`${key}: its releases`, state.environments.releases(project, key).length, 0)
    }
  for (const [key, { live, releases }] of model.environments) {
    const row = state.environments.get(project, key)
    const recorded = state.environments.releases(project, key).toReversed()
    const facts = receiver.facts(key)
    same(`${key}: broken`, row?.broken ?? null, null)
    same(`${key}: what is live`, row?.live ?? null, live)
    same(
      `${key}: its releases`,
      recorded.map(({ n, commit }) => `${n} ${commit}`).join(),
      releases.map(({ n, commit }) => `${n} ${commit}`).join(),
    )
    for (const { n, commit, collected } of releases)
      if (!collected) wanted.set(`refs/hostenv/releases/${key}/${n}`, commit)
    const profile = profilePath(host, facts.userName)
    const collected = (list: readonly { n: number }[]) => list.map(({ n }) => n).join()
    same(
      `${key}: what is collected`,
      collected(recorded.filter(({ outcome }) => outcome === 'collected')),
      collected(releases.filter((one) => one.collected)),
    )
    for (const { n, generation, storePath } of recorded.filter(({ outcome }) => outcome !== 'collected'))
      same(`${key}: the generation of release ${n}`, generationPath(profile, generation), storePath)
    const now = recorded.find(({ n }) => n === live)
    if (now) wanted.set(`refs/hostenv/live/${key}`, now.commit)
    if (now) same(`${key}: the profile`, currentGeneration(profile), now.generation)
    same(`${key}: whether services run`, findTree(host, facts, all) !== null, live !== null)
    same(
      `${key}: where the front door leads`,
      receiver.route(facts.hostname),
      live === null ? null : facts.upstreamRuntimeDir,
    )
    if (!now) continue
    const { content } = model.commit(now.commit)
    same(`${key}: what activate wrote`, text(join(facts.stateDir, 'content')), `content ${content}\n`)
    same(`${key}: release.json`, JSON.parse(text(join(facts.stateDir, 'release.json')) || '{}').release, live)
    if (key === 'staging' || key === 'live')
      same(`${key}: what it serves`, await served(receiver, facts.hostname, `content ${content}`), `content ${content}`)
  }
  for (const [ref, oid] of refsOf(receiver.repository)) {
    same(ref, oid, wanted.get(ref))
    wanted.delete(ref)
  }
  for (const [ref, oid] of wanted) same(ref, undefined, oid)
  for (const [ref, oid] of model.tags)
    same(`the commit of ${ref}`, state.tags.commitOf(project, ref.slice('refs/tags/'.length)), oid)
  same(
    'deploys that are not finished',
    state.deploys
      .open()
      .map(({ id, stage }) => `d${id} ${stage}`)
      .join(),
    '',
  )
  same(
    'roots of builds',
    names(join(receiver.ctx.config.stateDir, 'roots'))
      .filter((name) => /^d\d/.test(name))
      .join(),
    '',
  )
  return wrong
}

// A service that has just been started may need a moment before it listens.
async function served(receiver: LifeReceiver, hostname: string, wanted: string): Promise<string> {
  for (const last = Date.now() + 20_000; ; await sleep(10)) {
    const answer = await get(receiver.httpPort, hostname).catch(() => null)
    if (answer?.body === wanted || Date.now() > last) return answer?.body ?? 'nothing'
  }
}

// As files: nothing packs them here.
function refsOf(repository: string): Map<string, string> {
  const refs = new Map<string, string>()
  for (const entry of readdirSync(join(repository, 'refs'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    refs.set(file.slice(repository.length + 1), text(file).trim())
  }
  return refs
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
