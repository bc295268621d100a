// A plain user, without root and without a daemon of Nix: serve with a private store receives and runs a push.
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { mustRun, run, start } from '../../src/lib/spawn.ts'
import { get } from '../helpers/http.ts'
import { makeKey, sshArgv } from '../helpers/keys.ts'
import { cleanEnv, exactly, root } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const isRoot = process.getuid?.() === 0
const uid = 61_234
const directory = tempDir(t, 'u')
chmodSync(directory, 0o755)
const home = join(directory, 'home')
mkdirSync(join(home, '.ssh'), { recursive: true })
const key = await makeKey(join(home, '.ssh'), 'id_ed25519')
// Without its private half it is somebody else's.
copyFileSync(key.publicFile, join(home, '.ssh/friend.pub'))

const env = { ...cleanEnv(home), TMPDIR: directory, XDG_RUNTIME_DIR: join(directory, 'run') }
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 })
// A user that is not in /etc/passwd has no name: bwrap gives it one, in its own view of /etc alone.
const as = isRoot ? await asPlainUser() : []

async function asPlainUser(): Promise<string[]> {
  // What the checkout's owner sees may be closed to others: the user gets a copy.
  for (const name of ['src', 'nix', 'hooks', 'package.json'])
    cpSync(join(root, name), join(directory, 'app', name), { recursive: true })
  const passwd = join(directory, 'passwd')
  await mustRun({
    argv: ['sh', '-c', `cat /etc/passwd > ${passwd}; echo plain:x:${uid}:${uid}::${home}:/bin/sh >> ${passwd}`],
    env,
  })
  await mustRun({ argv: ['chown', '-R', `${uid}:${uid}`, home, env.XDG_RUNTIME_DIR], env })
  chownSync(directory, uid, uid)
  const view = [
    'bwrap',
    '--dev-bind',
    '/',
    '/',
    '--ro-bind',
    passwd,
    '/etc/passwd',
    '--ro-bind',
    root,
    join(directory, 'checkout'),
    '--',
  ]
  return [...view, 'setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--no-new-privs', '--']
}

t.test('serve receives and runs a push', async (t) => {
  const argv = [
    ...as,
    'node',
    join(root, 'src/bin.ts'),
    'serve',
    '--ssh',
    '127.0.0.1:0',
    '--http',
    '127.0.0.1:0',
    '--nix-store',
    'private',
  ]
  const child = start({ ...exactly(argv, env), cwd: home }, ['ignore', 'pipe', 'pipe'])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const state = join(home, '.local/state/hostenv')
  t.teardown(async () => {
    await run(exactly([...as, 'node', join(root, 'src/bin.ts'), 'down'], env))
  })
  const ready = join(state, 'ready.json')
  for (
    const until = Date.now() + 30_000;
    !(existsSync(ready) && said.includes('git push hostenv main')) && child.exitCode === null && Date.now() < until;
  )
    await sleep(50)
  t.ok(existsSync(ready), said)
  const { pid, ssh, http } = JSON.parse(readFileSync(ready, 'utf8'))
  t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`Uid:\\s+${isRoot ? uid : process.getuid?.()}\\s`))
  t.equal(said.match(/^Administrator/gm)?.length, 1, 'its own key, and not the one without a private half')
  t.match(said, key.fingerprint)
  t.notMatch(said, 'friend.pub')

  const project = await makeProject(t)
  const command = sshArgv(key, join(directory, 'known_hosts')).join(' ')
  const pushed = await run({
    argv: ['git', 'push', `ssh://hostenv@127.0.0.1:${ssh.port}/acme/hello-web.git`, 'main'],
    env: { ...cleanEnv(project.directory), GIT_SSH_COMMAND: command },
    cwd: project.directory,
  })
  t.equal(pushed.code, 0, pushed.stderr)
  const url = /http:\/\/(\S+):\d+/.exec(pushed.stderr)?.[1] ?? ''
  t.match(await get(http.port, url), { status: 200 })
  process.kill(pid, 'SIGTERM')
  t.equal(await ended, 0)
})
