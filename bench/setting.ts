// One receiver and its peers side by side, on the same store, for all cases of a run.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { discover } from '../src/config/discover.ts'
import { run } from '../src/lib/spawn.ts'
import { cleanEnv, path } from '../test/helpers/programs.ts'
import { makeProject, type Project } from '../test/helpers/project.ts'
import { type Receiver, startReceiver } from '../test/helpers/receiver.ts'
import type { Ending } from '../test/helpers/temp-dir.ts'
import { type ByHand, nixConf, startByHand } from './peers/by-hand.ts'

export interface Setting {
  readonly ending: Ending
  readonly directory: string
  readonly receiver: Receiver
  /** The flags that receivers of this run are started with. */
  readonly serveArgs: readonly string[]
  readonly byHand: ByHand
  readonly rounds: number
  /** Pushes and answers the milliseconds from `git push` to its end; throws with what it printed when it fails. */
  push(project: Project, to: Target, refspec: string, options?: readonly string[]): Promise<number>
  /** Where the environments of a project of the receiver answer, by key. */
  sockets(project: string): Promise<Map<string, string>>
  /** The environment that the cases of the front door ask: deployed at the first call. */
  live(): Promise<{ readonly hostname: string; readonly socket: string }>
}

/** Where a push goes: a project of the receiver, or a peer's URL with its ssh command. */
export type Target = { readonly name: string } | { readonly url: string; readonly ssh: string }

/** The project that hostenv keeps without deploying it. */
export const plainProject = 'acme/plain'

export async function makeSetting(ending: Ending, directory: string, rounds: number): Promise<Setting> {
  const config = join(directory, 'hostenv.yaml')
  writeFileSync(
    config,
    `nix:\n  options:\n    substituters: ""\nprojects:\n  ${plainProject}:\n    deploys: false\nlimits:\n  pushesPerMinute: 100000\n`,
  )
  const serveArgs = ['--config', config, '--nix-store', 'machine']
  const receiver = await startReceiver(ending, { args: serveArgs })
  const byHand = await startByHand(ending, join(directory, 'by-hand'), nixConf(await sandboxPaths()))
  const push: Setting['push'] = async (project, to, refspec, options = []) => {
    const url = 'name' in to ? receiver.url(to.name) : to.url
    const ssh = 'name' in to ? receiver.sshCommand() : to.ssh
    const argv = ['git', 'push', '-q', ...options, url, refspec] as [string, ...string[]]
    const begun = performance.now()
    const env = { ...cleanEnv(project.directory), GIT_SSH_COMMAND: ssh }
    const ran = await run({ argv, cwd: project.directory, env })
    const took = performance.now() - begun
    // A hook that fails after git took the push does not fail it.
    if (ran.code !== 0 || /remote: (error|activate):/.test(ran.stderr)) throw new Error(ran.stderr)
    return took
  }
  const hostnames = async (project: string) => {
    const list = JSON.parse((await receiver.ssh('envs', '-p', project, '--json')).stdout) as Record<string, string>[]
    return new Map(list.map(({ key = '', hostname = '' }) => [key, hostname]))
  }
  const socketOf = (hostname: string) => join(receiver.runtimeDir, 'upstream', hostname.split('.')[0] ?? '', 'in.sock')
  let live: ReturnType<Setting['live']> | undefined
  const deployed = async () => {
    const project = await makeProject(ending, 'hello-web')
    await push(project, { name: 'acme/live' }, 'main')
    const hostname = (await hostnames('acme/live')).get('main') ?? ''
    return { hostname, socket: socketOf(hostname) }
  }
  return {
    ...{ ending, directory, receiver, serveArgs, byHand, rounds, push },
    sockets: async (project) =>
      new Map([...(await hostnames(project))].map(([key, hostname]) => [key, socketOf(hostname)])),
    live: () => (live ??= deployed()),
  }
}

// What the receiver's own builds see, so that builds by hand see the same.
async function sandboxPaths(): Promise<string> {
  const { hostPrograms } = await discover(path)
  const node = hostPrograms.node
  return [
    `/bin/sh=${hostPrograms.busybox}`,
    '/usr',
    '/lib',
    '/lib64',
    ...(node && !node.startsWith('/usr/') ? [node] : []),
  ].join(' ')
}
