// Projects with a flake of their own, through a real receiver: what they are given, what they may not reach, and their previews.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const receiver = await startReceiver(t)
const text = (pushed: Pushed) => pushed.lines.map((line) => line.text).join('\n')
const envs = async () => JSON.parse((await receiver.ssh('envs', '--json')).stdout) as Record<string, unknown>[]

t.test('a flake with the outputs of the public one, and no more, deploys', async (t) => {
  const project = await makeProject(t, 'public-flake')
  const pushed = await project.push(receiver, 'main', { name: 'acme/shop' })
  t.equal(pushed.code, 0, text(pushed))
  t.match(text(pushed), 'main says Hello from a flake')
  const data = join(receiver.stateDir, 'env/shop-main-4f7240c/data')
  t.equal(readFileSync(join(data, 'built-for'), 'utf8'), `main of ${(await project.git('rev-parse', 'HEAD')).trim()}\n`)
  t.match(
    (await envs()).find(({ key }) => key === 'main'),
    { state: 'live', type: 'production', kind: 'declared' },
  )
})

t.test('a flake of another project is refused with both names', async (t) => {
  const project = await makeProject(t, 'public-flake')
  const pushed = await project.push(receiver, 'main', { name: 'acme/other' })
  t.not(pushed.code, 0)
  t.match(text(pushed), /in the project: shop\b[\s\S]*must be: +other\b/)
})

t.test('a flake gets the site, the whole tree and its commit; its branches become previews', async (t) => {
  const project = await makeProject(t, 'flake-project')
  const first = (await project.git('rev-parse', 'HEAD')).trim()
  const main = await project.push(receiver, 'main', { name: 'acme/site' })
  t.equal(main.code, 0, text(main))
  t.match(text(main), `evaluated at ${first}`)
  const web = (await get(receiver.httpPort, `${await hostOf('acme/site', 'main')}`)).body
  t.match(web, /Hello from hostenv\nmain, release 1/)

  await project.git('checkout', '-q', '-b', 'feature/foo')
  await project.commit('Another word', { 'words/greeting.txt': 'Hello from the branch\n' })
  const made = await project.push(receiver, 'feature/foo', { name: 'acme/site' })
  t.equal(made.code, 0, text(made))
  t.match(text(made), /acme\/site [0-9a-f]{7} → feature\/foo \(preview of main, expires\s/)
  const host = await hostOf('acme/site', 'feature/foo')
  t.match((await get(receiver.httpPort, host)).body, /Hello from the branch\nfeature\/foo, release 1/)
  t.match((await get(receiver.httpPort, await hostOf('acme/site', 'main'))).body, /Hello from hostenv\nmain, release 1/)
  t.match(await view('acme/site', 'feature/foo'), { kind: 'preview', type: 'development', state: 'live' })
  t.match((await receiver.ssh('envs', '-p', 'acme/site')).stdout, /feature\/foo +preview +live/)

  const repository = join(receiver.stateDir, 'repos/acme/site.git')
  const refs = async () =>
    (await project.git('ls-remote', repository)).split('\n').filter((line) => line.includes('feature/foo'))
  t.ok(
    (await refs()).some((line) => line.endsWith('refs/hostenv/live/feature/foo')),
    'it has a live ref',
  )
  const gone = await project.push(receiver, ':feature/foo', { name: 'acme/site' })
  t.equal(gone.code, 0, text(gone))
  t.match(await view('acme/site', 'feature/foo'), { kind: 'preview', state: 'stopped', url: null, release: null })
  t.not((await get(receiver.httpPort, host)).status, 200, 'the front door forgets it')
  t.ok(existsSync(join(receiver.stateDir, 'env', host.replace('.localhost', ''), 'data')), 'its data is kept')
  t.notOk(
    (await refs()).some((line) => /refs\/(heads|hostenv\/live)\/feature\/foo$/.test(line)),
    'its refs are gone',
  )
  t.equal((await get(receiver.httpPort, await hostOf('acme/site', 'main'))).status, 200, 'main goes on')
})

t.test('an input that is not allowed is refused by its name, and nothing is made', async (t) => {
  const project = await makeProject(t, 'flake-project')
  const lock = JSON.parse(readFileSync(join(project.directory, '.hostenv/flake.lock'), 'utf8'))
  lock.nodes.words.locked.path = '/etc'
  await project.commit('The host', { '.hostenv/flake.lock': JSON.stringify(lock) })
  const host = await project.push(receiver, 'main', { name: 'acme/attack' })
  t.match(text(host), /rejected\].*flake input words \(path:\/etc\) is refused/)
  await project.commit('No lock', { '.hostenv/flake.lock': null })
  const unlocked = await project.push(receiver, 'main', { name: 'acme/attack' })
  t.match(text(unlocked), /rejected\].*flake input words is not locked/)
  t.match(text(unlocked), /nix flake lock \.\/\.hostenv/, 'the command that helps')
  t.notOk(existsSync(join(receiver.stateDir, 'repos/acme/attack.git')))
})

function view(project: string, key: string) {
  return envs().then((all) => all.find((one) => one.project === project && one.key === key))
}

async function hostOf(project: string, key: string): Promise<string> {
  return String((await view(project, key))?.hostname)
}
