// The sample projects of one or several programs, pushed for real to one receiver: each does what its README says.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fixtureTest, live, until } from '../helpers/fixture.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'

const receiver = await startReceiver(t)

fixtureTest(t, 'static-site', ['nginx'], async (t) => {
  const site = await live(t, receiver, 'static-site')
  t.match(await site.read(), /Hello from a folder/)
  t.match(await site.read('/nothing'), /There is no such page/)
  site.project.write({ 'public/index.html': '<h1>Another page</h1>\n' })
  t.match(await site.push(), /nginx restarted/)
  t.match(await site.read(), /Another page/)
})

fixtureTest(t, 'python-wsgi', ['python3'], async (t) => {
  const counter = await live(t, receiver, 'python-wsgi')
  const host = hostname('main', 'acme/python-wsgi')
  t.equal(await counter.read(), `request 2 to ${host}\n`, 'the receiver’s own check was the first')
  counter.project.write({ 'src/version.py': 'VERSION = 2\n' })
  t.match(await counter.push(), /python-app restarted/)
  t.equal(await counter.read(), `request 4 to ${host}\n`, 'the number is kept over releases')
})

fixtureTest(t, 'worker-and-cron', ['node'], async (t) => {
  const queue = await live(t, receiver, 'worker-and-cron')
  t.equal(await queue.write('/', 'some words'), 202)
  await until(async () => (await queue.read()).startsWith('1 done'), 'the worker does the job')
  queue.project.write({ 'README.md': '# changed\n' })
  t.match(
    await queue.push(),
    /cron-count unchanged · node-app unchanged ·\s+(remote:\s+)?worker unchanged/,
    'the package is the same',
  )
  await until(async () => (await queue.read()).endsWith('counted 1\n'), 'the job of the calendar counts')
})

fixtureTest(t, 'two-environments', ['node'], async (t) => {
  const both = await live(t, receiver, 'two-environments')
  t.equal(await both.read(), 'Welcome\nmain (production)\n')
  await both.project.git('switch', '-q', '-c', 'user-testing')
  t.match(await both.push('user-testing'), /feedback started/)
  t.equal(await both.read('/', 'user-testing'), 'This is a test\nuser-testing (testing)\n')
  t.equal(await both.read(), 'Welcome\nmain (production)\n')
})

fixtureTest(t, 'monorepo', ['nginx', 'node'], async (t) => {
  const repository = await live(t, receiver, 'monorepo')
  t.match(await repository.read(), /One word: 3 €/)
  const { pid, ...first } = JSON.parse(await repository.read('/api/words'))
  t.same(first, { path: '/words', price: '3 €' })
  repository.project.write({ 'apps/shop/index.html': '<h1>Only @price@</h1>\n' })
  t.match(await repository.push(), /api unchanged · nginx restarted/)
  t.equal(await repository.read(), '<h1>Only 3 €</h1>\n')
  t.equal(JSON.parse(await repository.read('/api/')).pid, pid)
  repository.project.write({ 'shared/price.txt': '4 €\n' })
  t.match(await repository.push(), /api restarted · nginx restarted/)
  t.match(JSON.parse(await repository.read('/api/')), { price: '4 €' })
})

t.test('every sample project is pushed by a test', async (t) => {
  const elsewhere = {
    'hello-web': 'push.test.ts',
    ...{ 'flake-project': 'flake.test.ts', 'public-flake': 'flake.test.ts', peeps: 'isolation.test.ts' },
    ...{ 'php-mysql': 'fixtures-databases.test.ts', 'drupal-like': 'fixtures-databases.test.ts' },
  }
  const here = ['static-site', 'python-wsgi', 'worker-and-cron', 'two-environments', 'monorepo']
  const failing = ['assertion', 'activate', 'build', 'eval'].map((what) => `broken-${what}`)
  const all = readdirSync(join(import.meta.dirname, '../../fixtures'), { withFileTypes: true })
  t.same(
    all
      .filter((entry) => entry.isDirectory() && entry.name !== 'overlays')
      .map(({ name }) => name)
      .sort(),
    [...Object.keys(elsewhere), ...here, ...failing, 'never-ready', 'listens-on-a-port'].sort(),
  )
})
