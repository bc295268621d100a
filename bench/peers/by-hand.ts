// What people set up by hand: sshd, a bare repository, and the shortest honest hook that builds the pushed commit with Nix, sets
// a profile and activates it. Same user, same store, same project, same process manager as hostenv in the same run.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun, start } from '../../src/lib/spawn.ts'
import { cleanEnv, path } from '../../test/helpers/programs.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { type Sshd, startSshd } from './sshd.ts'

export interface ByHand {
  readonly sshd: Sshd
  readonly repository: string
  /** Makes a bare repository; with `deploys` its hook is the one above. Answers its URL. */
  repositoryFor(name: string, deploys: boolean, keys?: readonly string[]): Promise<string>
  /** Commands over ssh: what generations there are, and to one of them. */
  generations(name: string, key: string): readonly [string, ...string[]]
  switchTo(name: string, key: string, generation: number): readonly [string, ...string[]]
  /** To the other of two generations without ssh and without Nix, for what nobody can save: the link and `activate`. */
  activateAlone(name: string, key: string, two: readonly [number, number]): readonly [string, ...string[]]
  /** Where an environment's service answers. */
  socket(name: string, key: string): string
}

/** What /etc/nix/nix.conf would say on such a machine: builds in a sandbox that sees the host's programs, no substituter. */
export const nixConf = (sandboxPaths: string): string =>
  [
    'experimental-features = nix-command flakes',
    ...[
      'sandbox = true',
      `sandbox-paths = ${sandboxPaths}`,
      'substituters =',
      'build-users-group =',
      'warn-dirty = false',
    ],
    '',
  ].join('\n')

export async function startByHand(ending: Ending, directory: string, conf: string): Promise<ByHand> {
  const sshd = await startSshd(ending, join(directory, 'sshd'))
  const repositories = join(directory, 'repositories')
  mkdirSync(repositories, { recursive: true })
  writeFileSync(join(directory, 'nix.conf'), conf)
  const envDir = (name: string, key: string) => join(directory, 'env', `${name}-${key.replaceAll('/', '-')}`)
  const tools = `PATH=${path}; export PATH NIX_CONF_DIR=${directory}`

  return {
    sshd,
    repository: repositories,
    async repositoryFor(name, deploys, keys = []) {
      const repository = join(repositories, `${name}.git`)
      await mustRun({
        argv: ['git', 'init', '-q', '--bare', '-b', 'main', repository],
        env: cleanEnv(directory),
      })
      for (const key of keys) await startEnvironment(ending, envDir(name, key), name, key)
      if (deploys) {
        const hook = join(repository, 'hooks/post-receive')
        writeFileSync(hook, hookText(tools, join(directory, 'env'), name))
        chmodSync(hook, 0o755)
      }
      return sshd.url(repository)
    },
    activateAlone: (name, key, [one, other]) => {
      const env = envDir(name, key)
      const to = `case $(readlink ${env}/profile) in profile-${one}-link) n=${other} ;; *) n=${one} ;; esac`
      const script = `${to}; ln -sfn profile-$n-link ${env}/profile && . ${env}/environment && ${env}/profile/bin/activate`
      return ['/bin/sh', '-c', script]
    },
    socket: (name, key) => join(envDir(name, key), 'upstream/in.sock'),
    generations: (name, key) => [...sshd.argv, `${tools}; nix-env -p ${envDir(name, key)}/profile --list-generations`],
    switchTo: (name, key, generation) => {
      const env = envDir(name, key)
      const script = `nix-env -p ${env}/profile --switch-generation ${generation} && . ${env}/environment`
      return [...sshd.argv, `${tools}; ${script} && ${env}/profile/bin/activate`]
    },
  }
}

const hookText = (tools: string, environments: string, name: string): string => `#!/bin/sh
set -e
${tools}
unset GIT_DIR
while read -r old new ref; do
  case $ref in
    refs/tags/*) key=staging ;;
    *) key=\${ref#refs/heads/} ;;
  esac
  env=${environments}/${name}-$(echo "$key" | tr / -)
  nix build --no-write-lock-file --out-link "$env/result" "git+file://$PWD?dir=.hostenv&ref=$ref&rev=$new#\\"$key\\""
  nix-env -p "$env/profile" --set "$env/result"
  (. "$env/environment"; "$env/profile/bin/activate")
done
`

// The variables of the contract, and s6-svscan with them.
async function startEnvironment(ending: Ending, directory: string, project: string, key: string): Promise<void> {
  const folder = (name: string) => join(directory, name)
  for (const name of ['data', 'state', 'cache', 'run/s6/scan', 'upstream', 'home'])
    mkdirSync(folder(name), { recursive: true })
  const variables = {
    ...{ HOSTENV_ORGANISATION: 'acme', HOSTENV_PROJECT: project, HOSTENV_ENVIRONMENT: key, HOSTENV_TYPE: 'production' },
    ...{ HOSTENV_HOSTNAME: `${project}.localhost`, HOSTENV_MANAGER: 's6', HOME: folder('home') },
    ...{ HOSTENV_RUNTIME_DIR: folder('run'), XDG_RUNTIME_DIR: folder('run'), HOSTENV_UPSTREAM_DIR: folder('upstream') },
    ...{ HOSTENV_DATA_DIR: folder('data'), HOSTENV_STATE_DIR: folder('state'), HOSTENV_CACHE_DIR: folder('cache') },
  }
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`)
  writeFileSync(folder('environment'), lines.join(''))
  const tree = start({ argv: ['s6-svscan', folder('run/s6/scan')], env: { PATH: '/usr/bin:/bin', ...variables } }, [
    ...(['ignore', 'ignore', 'ignore'] as const),
  ])
  ending.teardown(async () => {
    const ended = new Promise((resolve) => tree.once('close', resolve))
    tree.kill('SIGTERM')
    await ended
  })
}
