// The quickstart's temporary place: a key, a receiver, a project that pushes to it, and the end of all of them.
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mustRun, run, start } from '../../src/lib/spawn.ts'
import { makeKey } from '../../test/helpers/keys.ts'
import { processesOf } from '../../test/helpers/leftovers.ts'
import { cleanEnv, hostenv, root } from '../../test/helpers/programs.ts'
import { removeTree } from '../../test/helpers/temp-dir.ts'
import { QuickstartError } from './show.ts'

export interface Stage {
  readonly directory: string
  /** The project's work tree. */
  readonly project: string
  readonly env: Readonly<Record<string, string>>
  readonly serveFlags: readonly string[]
  readonly log: string
}

export interface Running {
  readonly sshPort: number
  readonly httpPort: number
  /** True until the daemon ends, whoever ended it. */
  alive(): boolean
  stop(): Promise<void>
}

/** Makes the directory (short, because socket paths are limited to 107 bytes) and the administrator's key. */
export async function makeStage(): Promise<Stage> {
  const base = tmpdir().length > 30 ? '/tmp' : tmpdir()
  const directory = mkdtempSync(join(base, 'hq-'))
  mkdirSync(join(directory, 'home'))
  const key = await makeKey(directory, 'key')
  const at = (name: string) => join(directory, name)
  return {
    directory,
    project: at('hello-web'),
    env: cleanEnv(at('home')),
    serveFlags: [
      ...['--state', at('state'), '--runtime', at('run'), '--admin-key', key.publicFile],
      ...['--ssh', '127.0.0.1:0', '--http', '127.0.0.1:0', '--nix-store', 'private'],
    ],
    log: at('serve.log'),
  }
}

/** Starts `hostenv serve` in a session of its own, so that Ctrl-C reaches only the quickstart, and waits until it is ready. */
export async function startServe(stage: Stage): Promise<Running> {
  const output = openSync(stage.log, 'a')
  const argv: [string, ...string[]] = ['node', join(root, 'src/bin.ts'), 'serve', ...stage.serveFlags]
  const child = start({ argv, env: stage.env, cwd: stage.directory }, ['ignore', output, output], { detached: true })
  closeSync(output)
  let alive = true
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  }).then(() => {
    alive = false
  })
  const stop = async () => {
    if (!alive) return
    child.kill('SIGTERM')
    const gone = await Promise.race([ended.then(() => true), sleep(20_000, false, { ref: false })])
    if (!gone) child.kill('SIGKILL')
    await ended
  }
  const readyFile = join(stage.directory, 'state/ready.json')
  for (let tries = 0; !existsSync(readyFile); tries++) {
    if (!alive || tries > 600) {
      await stop()
      throw new QuickstartError(`hostenv serve did not become ready. It said:\n${readFileSync(stage.log, 'utf8')}`)
    }
    await sleep(50)
  }
  const { ssh, http } = JSON.parse(readFileSync(readyFile, 'utf8'))
  return { sshPort: ssh.port, httpPort: http.port, alive: () => alive, stop }
}

/** Writes the ssh configuration under which the receiver is called `hostenv`, with its host key already known. */
export async function writeSshConfig(stage: Stage, { sshPort }: Running): Promise<void> {
  const at = (name: string) => join(stage.directory, name)
  const hostKey = await mustRun({
    argv: ['ssh-keygen', '-y', '-f', at('state/ssh_host_ed25519_key')],
    env: stage.env,
  })
  writeFileSync(at('known_hosts'), `hostenv ${hostKey}\n`)
  const settings = {
    HostName: '127.0.0.1',
    Port: sshPort,
    User: 'hostenv',
    IdentityFile: at('key'),
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    HostKeyAlias: 'hostenv',
    UserKnownHostsFile: at('known_hosts'),
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
  }
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} ${value}\n`)
  writeFileSync(at('ssh_config'), `Host hostenv\n${lines.join('')}`)
}

/** Makes the project a git repository whose remote `hostenv` is the receiver; plain `git push` works in it from any shell. */
export async function makeProject(stage: Stage): Promise<void> {
  cpSync(join(root, 'fixtures/hello-web'), stage.project, { recursive: true })
  const git = (...args: string[]) => mustRun({ argv: ['git', ...args], env: stage.env, cwd: stage.project })
  await git('init', '-q', '-b', 'main')
  await git('config', 'user.name', 'Alice')
  await git('config', 'user.email', 'alice@example.org')
  await git('config', 'core.sshCommand', `ssh -F ${join(stage.directory, 'ssh_config')}`)
  await git('remote', 'add', 'hostenv', 'ssh://hostenv/acme/hello-web.git')
  await git('add', '-A')
  await git('commit', '-q', '-m', 'Say hello')
}

/** Stops the receiver and every environment, and removes everything. Throws QuickstartError naming what could not be ended. */
export async function strike(stage: Stage, running: Running | undefined): Promise<void> {
  await running?.stop()
  const [state, runtime] = ['state', 'run'].map((name) => join(stage.directory, name)) as [string, string]
  const down = existsSync(state)
    ? await hostenv(['down', '--state', state, '--runtime', runtime], join(stage.directory, 'home'))
    : null
  for (let tries = 0; tries < 20 && processesOf(stage.directory).length > 0; tries++) await sleep(100)
  const left = processesOf(stage.directory)
  for (const { pid } of left) await run({ argv: ['kill', '-9', `${pid}`], env: stage.env })
  await removeTree(stage.directory)
  if (down !== null && down.code !== 0) throw new QuickstartError(`hostenv down failed: ${down.stderr}`)
  if (left.length > 0)
    throw new QuickstartError(
      `these processes had to be killed:\n${left.map(({ pid, command }) => `  ${pid} ${command}`).join('\n')}`,
    )
}
