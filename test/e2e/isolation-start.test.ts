// What `serve` says when it cannot start, one sentence each; and whom it takes pushes from when builds see the host.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { makeKey } from '../helpers/keys.ts'
import { cleanEnv, exactly, root } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const directory = tempDir(t, 's')
const home = join(directory, 'home')
mkdirSync(home)
const key = await makeKey(directory, 'key')
const usual = ['--state', join(directory, 'state'), '--runtime', join(directory, 'run'), '--nix-store', 'private']
const ports = ['--ssh', '127.0.0.1:0', '--http', '127.0.0.1:0']
const admin = ['--admin-key', key.publicFile]

function serve(args: readonly string[], path?: string) {
  const env = { ...cleanEnv(home), ...(path === undefined ? {} : { PATH: path }) }
  const node = join(root, 'node_modules/.bin/node')
  return run(exactly([node, join(root, 'src/bin.ts'), 'serve', ...usual, ...args], env), { timeout: 20_000 })
}

/** A directory with every program of /usr/bin but those. */
function without(...programs: string[]): string {
  const folder = join(directory, `bin-${programs[0]}`)
  mkdirSync(folder)
  for (const name of readdirSync('/usr/bin'))
    if (!programs.includes(name)) symlinkSync(`/usr/bin/${name}`, join(folder, name))
  return folder
}

const table: [string, readonly string[], RegExp][] = [
  [
    'a port that is taken',
    [...admin, '--ssh', '127.0.0.1:0', '--http', 'TAKEN'],
    /is taken by another program: choose another with --http/,
  ],
  ['SSH for others without --admin-key', ['--ssh', '0.0.0.0:0'], /reachable by others.*--admin-key/],
  ['no key at all', ports, /No administrator: make a key with ssh-keygen/],
  ['a key file that is not there', [...ports, '--admin-key', '/nowhere.pub'], /\/nowhere\.pub cannot be read/],
  ['a private key', [...ports, '--admin-key', key.file], /key/],
  [
    'a runtime path too long',
    [...ports, ...admin, '--runtime', `/tmp/${'r'.repeat(60)}`],
    /at most 53 bytes with --runtime/,
  ],
]

t.test('each refusal to start is one sentence', async (t) => {
  const receiver = await startReceiver(t)
  for (const [what, args, why] of table) {
    const ran = await serve(args.map((arg) => arg.replace('TAKEN', `127.0.0.1:${receiver.httpPort}`)))
    t.equal(ran.code, 1, what)
    t.match(ran.stderr, why, what)
    t.match(ran.stderr, /^hostenv: [^\n]+$/, `${what}: one line`)
  }
  const inUse = await serve([...ports, ...admin, '--state', receiver.stateDir])
  t.match(inUse, { code: 1, stderr: /^hostenv: Another hostenv runs on [^\n]+$/ })
})

t.test('a missing program is named, with what to install', async (t) => {
  const missing = { git: 'git', nix: 'nix-bin', 's6-svscan': 's6', bwrap: 'bubblewrap' }
  for (const [program, packageName] of Object.entries(missing)) {
    const ran = await serve([...ports, ...admin], without(program))
    t.match(
      ran,
      { code: 1, stderr: new RegExp(`^hostenv: ${program} is not installed.*apt install ${packageName}[^\\n]*$`) },
      program,
    )
  }
})

t.test('where builds can see the host, only administrators push', async (t) => {
  const overrides = { HOSTENV_OVERRIDES: JSON.stringify({ seenByBuilds: ['/var/lib'] }) }
  const receiver = await startReceiver(t, { faults: '', env: overrides })
  while (!receiver.log().includes('git push hostenv main')) await sleep(20)
  t.match(receiver.log(), 'Builds are not sandboxed here: only administrators may push')
  const bob = await makeKey(directory, 'bob')
  const users = `environments.main = { type = "production"; users.bob.publicKeys = [ "${bob.publicKey}" ]; deploymentVerification.enable = false; };`
  const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': `{ ... }: { ${users} }` })
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  await project.commit('of bob')
  const refused = await project.push(receiver, 'main', { key: bob })
  t.match(refused, { code: 128, stderr: /builds are not sandboxed on this host, so only administrators may push/ })
})
