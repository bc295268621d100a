// What refused pushes leave in a repository counts against its quota, and is collected by itself, while nothing is pushed there.
import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { collectRepository, repositorySize } from '../../src/lib/git-gc.ts'
import { run, start } from '../../src/lib/spawn.ts'
import { quietModule } from '../helpers/module.ts'
import { cleanEnv, path } from '../helpers/programs.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { remoteRefs, standing } from '../helpers/standing.ts'

const MiB = 1024 ** 2
const limits = { repositoryBytes: 8 * MiB, packBytes: 6 * MiB, collectRefusedBytes: 2 * MiB, collectPacks: 5 }
const receiver = await startReceiver(t, { faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) } })
const project = await makeProject(t, 'hello-web', {
  '.hostenv/hostenv.nix': quietModule({ main: 'type = "testing";', staging: 'type = "testing";' }),
})
const repository = join(receiver.stateDir, 'repos/acme/helloweb.git')
const refused = join(repository, 'hostenv.refused')

/** Pushes a commit with so many bytes that nothing makes smaller. */
async function pushBytes(bytes: number, ref = 'refs/heads/nowhere'): Promise<Pushed> {
  await project.git('checkout', '-q', '-B', 'large', 'main')
  writeFileSync(join(project.directory, 'large'), randomBytes(bytes))
  await project.commit('Large')
  const pushed = await project.push(receiver, `+large:${ref}`)
  await project.git('checkout', '-q', 'main')
  return pushed
}

const size = async () => (await repositorySize(repository)).bytes

async function until(what: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + 30_000
  while (!(await what())) {
    if (Date.now() > deadline) return false
    await sleep(50)
  }
  return true
}

const words = ({ lines }: Pushed) => lines.map(({ text }) => text.replace(/^remote: +/, '')).join(' ')

t.test('what a refused push brought stays at first, and is collected when it has become much', async (t) => {
  t.equal((await project.push(receiver, 'main')).code, 0)
  const before = await size()
  t.match((await pushBytes(1.1 * MiB)).stderr, /no environment for nowhere/)
  t.ok((await size()) > before + MiB, 'it counts')
  t.ok(await until(async () => existsSync(refused)), 'it is noted after the push')
  const was = await standing(receiver, 'main')
  t.match((await pushBytes(1.1 * MiB)).stderr, /no environment for nowhere/)
  t.ok(await until(async () => (await size()) < before + 0.1 * MiB), 'it is gone')
  t.ok(await until(async () => !existsSync(refused)))
  t.same(await standing(receiver, 'main'), was)
  t.equal((await run({ argv: ['git', 'fsck', '--strict'], env: cleanEnv('/'), cwd: repository })).code, 0)
})

t.test('a push that is too large by itself is told the limit', async (t) => {
  const pushed = await pushBytes(6.5 * MiB)
  t.equal(pushed.code, 1)
  t.match(words(pushed), /This push is larger than 6 MiB, the most that one may bring \(packBytes\)/)
})

t.test('at the quota a push is told how large the repository is and what to do, and the next one fits', async (t) => {
  t.equal((await pushBytes(3 * MiB, 'refs/heads/staging')).code, 0)
  t.match((await pushBytes(1.8 * MiB)).stderr, /no environment for nowhere/)
  t.ok(await until(async () => existsSync(refused)))
  const pushed = await pushBytes(4 * MiB, 'refs/heads/main')
  t.equal(pushed.code, 1)
  t.match(words(pushed), /acme\/helloweb takes \S+ MiB here and may take 8 MiB: this push does not fit\./)
  t.match(words(pushed), /What refused pushes left there is being cleared: push again in a minute\./)
  t.match(words(pushed), /ask the operator of the receiver to raise repositoryBytes/)
  t.ok(await until(async () => !existsSync(refused)))
  const again = await pushBytes(4 * MiB, 'refs/heads/main')
  t.equal(again.code, 0, again.stderr)
})

t.test('a full repository still takes deletions and branches of commits that it has', async (t) => {
  const full = await pushBytes(3 * MiB, 'refs/heads/main')
  t.match(words(full), /this push does not fit/)
  t.notMatch(words(full), /refused pushes left/, 'there is nothing of that')
  const deleted = await project.push(receiver, ':staging')
  t.equal(deleted.code, 0, deleted.stderr)
  const main = (await remoteRefs(receiver)).get('refs/heads/main') ?? ''
  await project.git(
    '-c',
    `core.sshCommand=${receiver.sshCommand()}`,
    'fetch',
    '-q',
    receiver.url('acme/hello-web'),
    'main',
  )
  const known = await project.push(receiver, `${main}:refs/heads/staging`)
  t.equal(known.code, 0, known.stderr)
})

t.test('many packs become one', async (t) => {
  for (let n = 0; n < 7; n++) await pushBytes(1)
  const packs = async () => (await repositorySize(repository)).packs
  t.ok(await until(async () => (await packs()) < 6), `${await packs()} packs`)
})

async function hold(how: string) {
  const argv: [string, ...string[]] = ['flock', how, join(repository, 'hostenv.lock'), 'cat']
  const holder = start({ argv, env: cleanEnv('/') }, ['pipe', 'pipe', 'ignore'])
  holder.stdin?.write('held')
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
  return holder
}

t.test(
  'a push during a collection (hostenv gc, too) reads that it waits, and a collection never runs during a push',
  async (t) => {
    // What holds the lock alone is what a collection is to a push.
    const shared = await hold('--shared')
    t.equal(await collectRepository(repository, path, 0), false, 'a push holds it shared')
    shared.stdin?.end()
    const holder = await hold('--exclusive')
    await project.git('checkout', '-q', '-B', 'next', 'main')
    await project.commit('Next')
    let ended = false
    let told = false
    const onLine = ({ text }: { text: string }) => {
      told ||= text === 'hostenv: acme/helloweb is being packed (git gc); this push goes on after that'
    }
    const pushing = project.push(receiver, '+next:staging', { onLine }).finally(() => {
      ended = true
    })
    t.ok(await until(async () => told || ended))
    t.ok(told)
    t.notOk(ended)
    holder.stdin?.end()
    const pushed = await pushing
    t.equal(pushed.code, 0, pushed.stderr)
  },
)
