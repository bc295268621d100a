// Each sample project does what its README says, as far as the library alone can show it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { onEveryLib } from './libs.ts'
import { fixture, privateStore } from './private-store.ts'
import { serviceTree } from './service-tree.ts'

const store = privateStore(t)
const whole = (name: string) => store.project(fixture(name))
const overlay = (name: string) => store.project(fixture('hello-web'), {}, fixture(join('overlays', name)))

const fixtures = readdirSync(fixture('.'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'overlays')
  .map(({ name }) => name)

t.test('every sample project says in a line what it shows', async (t) => {
  const list = readFileSync(fixture('README.md'), 'utf8')
  for (const name of fixtures) {
    t.match(readFileSync(fixture(`${name}/README.md`), 'utf8'), new RegExp(`^# ${name}\n\n[A-Z\`]`), name)
    t.match(list, `\n| \`${name}\` | `, name)
  }
})

// TAP_SNAPSHOT=1 writes the files. Those with a flake of their own are evaluated in test/integration/flake-evaluate.test.ts.
onEveryLib(t, async (t, store) => {
  for (const name of fixtures.filter((name) => existsSync(fixture(`${name}/expected-manifest.json`)))) {
    if (existsSync(fixture(`${name}/.hostenv/flake.nix`))) continue
    const { selected, ...manifest } = await store.evaluate(await store.project(fixture(name)), {})
    const file = fixture(`${name}/expected-manifest.json`)
    if (process.env.TAP_SNAPSHOT === '1') writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`)
    t.strictSame(manifest, JSON.parse(readFileSync(file, 'utf8')), `${name} has its expected manifest`)
  }
})

t.test('broken-eval: the message shows the place in the project’s file', async (t) => {
  const message = await store.failure(await whole('broken-eval'), { ref: 'main' })
  t.match(message, /attribute 'nodjes' missing/)
  t.match(message, /\.hostenv\/hostenv\.nix:6:32/)
})

t.test('broken-build: the step says why and exits 3', async (t) => {
  const { selected } = await store.evaluate(await whole('broken-build'), { ref: 'main' })
  const ran = await store.build(selected.main?.drvPath ?? '')
  t.not(ran.code, 0)
  t.match(ran.stderr, /page> greeting\.txt\(1,1\): error|greeting\.txt\(1,1\): error/)
  t.match(ran.stderr, /exit code 3/)
})

t.test('broken-activate: exits 1 with its own words', async (t) => {
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  const ran = await tree.activate(await store.package(await whole('broken-activate'), { ref: 'main' }))
  t.match(ran, { code: 1, stdout: 'migrating the greetings', stderr: 'no such table: greetings' })
})

for (const [name, deaths] of [
  ['dies-at-once', /exitcode 1/],
  ['dies-after-a-second', /exitcode 1/],
  ['exits-zero', /exitcode 0/],
] as const)
  t.test(`${name}: s6 tells how it ended`, async (t) => {
    const tree = serviceTree(t, store)
    await tree.startSvscan()
    t.equal((await tree.activate(await store.package(await overlay(name), { ref: 'main' }))).code, 0)
    if (name === 'dies-after-a-second') t.equal(await tree.get(), 'not for long\n')
    let told = ''
    for (let tries = 0; tries < 200 && !told.includes('exitcode'); tries++, await sleep(100))
      told = (await tree.sh('s6-svdt "$HOSTENV_RUNTIME_DIR/s6/service/web"')).stdout
    t.match(told, deaths)
  })

t.test('never-answers: the check waits three seconds', async (t) => {
  const { environments } = await store.evaluate(await overlay('never-answers'), { ref: 'main' })
  t.match(environments.main, { deploymentVerification: { enable: true, timeout: 3 } })
})

t.test('peeps: nothing outside its own is read at any stage', async (t) => {
  const tree = serviceTree(t, store)
  const secret = join(store.directory, 'secret')
  writeFileSync(secret, 'secret\n')
  const targets = [secret, join(store.directory, 'home'), '/root', join(tree.directory, 'data')]
  const source = await store.project(fixture('peeps'), { targets: `${targets.join('\n')}\n` })
  await tree.startSvscan()
  const out = await store.package(source, { ref: 'main' })
  const mine = join(tree.directory, 'data')
  t.match(await tree.activate(out), { code: 0, stdout: `activate could read ${mine}\nweb started` })
  const { evaluation, build, activation, running } = JSON.parse(await tree.get())
  t.strictSame(
    { evaluation, build, activation, running },
    { evaluation: [], build: [], activation: [mine], running: [mine] },
  )
  const { environments } = await store.evaluate(source, {})
  // `tree` is kept out by the receiver's own way of evaluating, which test/e2e/isolation.test.ts shows.
  for (const key of Object.keys(environments).filter((key) => key !== 'main' && key !== 'tree'))
    t.match(
      await store.failure(source, { ref: key }),
      /forbidden|pure eval|locked input|hash mismatch|open|No such/,
      key,
    )
})

t.test('every overlay is described', async (t) => {
  t.strictSame(readdirSync(fixture('overlays')).sort(), [
    ...['dies-after-a-second', 'dies-at-once', 'exits-zero', 'never-answers'],
  ])
})
