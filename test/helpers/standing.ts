// What must agree about one environment: the record, the profile, the refs and the page that is served.
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { environmentFacts, normalise } from '../../src/lib/names.ts'
import { run } from '../../src/lib/spawn.ts'
import { documents } from '../../src/report/words/schema.ts'
import { get } from './http.ts'
import type { Key } from './keys.ts'
import { cleanEnv } from './programs.ts'
import type { Receiver } from './receiver.ts'

export interface Standing {
  /** The branch, and refs/hostenv/live/KEY; null where there is none. */
  readonly branch: string | null
  readonly live: string | null
  /** Numbers of all releases, newest first, and which one is live. */
  readonly releases: readonly number[]
  readonly release: number | null
  readonly commit: string | null
  readonly storePath: string | null
  /** What the profile points to. */
  readonly profile: string | null
  readonly status: number
  readonly body: string
}

/** The host name of an environment. */
export function hostname(key: string, name = 'acme/hello-web'): string {
  return factsOf(key, name).hostname
}

/** Reads everything about one environment. */
export async function standing(receiver: Receiver, key: string, name = 'acme/hello-web'): Promise<Standing> {
  const refs = await remoteRefs(receiver, name)
  const asked = await receiver.ssh('releases', key, '-p', name, '--json')
  const releases = asked.code === 0 ? documents.releases.parse(JSON.parse(asked.stdout)) : []
  const live = releases.find((release) => release.outcome === 'live')
  const page = await get(receiver.httpPort, hostname(key, name))
  return {
    branch: refs.get(`refs/heads/${key}`) ?? null,
    live: refs.get(`refs/hostenv/live/${key}`) ?? null,
    releases: releases.map((release) => release.n),
    release: live?.n ?? null,
    commit: live?.commit ?? null,
    storePath: live?.storePath ?? null,
    profile: profileTarget(receiver, key, name),
    status: page.status,
    body: page.body,
  }
}

/** `git ls-remote` as the administrator, or with `key`; empty where it is refused. */
export async function remoteRefs(receiver: Receiver, name = 'acme/hello-web', key?: Key): Promise<Map<string, string>> {
  const env = { ...cleanEnv(receiver.home), GIT_SSH_COMMAND: receiver.sshCommand(key) }
  const { stdout } = await run({ argv: ['git', 'ls-remote', receiver.url(name)], env, cwd: receiver.home })
  const lines = stdout.split('\n').filter(Boolean)
  return new Map(lines.map((line) => line.split('\t').reverse() as [string, string]))
}

/** What the profile of an environment points to, by way of its generation; null where there is none. */
export function profileTarget(receiver: Receiver, key: string, name = 'acme/hello-web'): string | null {
  const directory = join(receiver.stateDir, 'env', factsOf(key, name).userName, 'profile')
  if (!existsSync(directory)) return null
  return readlinkSync(join(directory, readlinkSync(join(directory, 'profile'))))
}

/** Every name in the directories that a push could make something in. */
export function listing(receiver: Receiver): string[] {
  const deep = ['repos', 'incoming', 'tmp', 'roots', 'sandbox', 'home']
  return [
    ...deep.flatMap((name) => below(join(receiver.stateDir, name))),
    ...below(join(receiver.stateDir, 'env'), false),
    ...below(join(receiver.runtimeDir, 'user'), false),
    ...below(join(receiver.runtimeDir, 'upstream'), false),
  ].sort()
}

// Objects that a refused push brought stay until git collects them; what they are called says nothing.
function below(directory: string, recursive = true): string[] {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory, { recursive }) as string[]
  return names
    .filter((name) => !/\.git\/(objects|hostenv\.(lock|refused))/.test(name))
    .map((name) => join(directory, name))
}

export function factsOf(key: string, name: string) {
  const [organisation = '', project = ''] = name.split('/')
  const site = { domain: 'localhost', runtimeDir: '/', stateDir: '/' }
  return environmentFacts(normalise(organisation, project), key, key, site)
}
