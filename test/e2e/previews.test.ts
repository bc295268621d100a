// The life of previews: made by a push, renewed by the next, paused when their time is over, woken or removed. Days pass by a
// clock that the test moves.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, refOf, tree, until, userName } from '../helpers/agree.ts'
import { DAY, HOUR, makeClock } from '../helpers/clock.ts'
import { get } from '../helpers/http.ts'
import { quietModule, webModule } from '../helpers/module.ts'
import { hostenv } from '../helpers/programs.ts'
import { makeProject, type Pushed, type PushSettings } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname } from '../helpers/standing.ts'

const clock = makeClock(t)
const receiver = await startReceiver(t, clock.options())
const name = 'acme/helloweb'
const quick = 'deploymentVerification = { upFor = 0; timeout = 20; };'
const previews = `
  previews."feature/*" = { ttl = "14d"; };
  previews."try/*" = { ttl = "2d"; max = 2; };
  previews."bug/*" = { ttl = "1d"; max = 2; evict = "oldest"; };
  previews."keep/*".ttl = null;`
const module = webModule({ main: `type = "production"; ${quick}`, staging: quick }, previews)
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': module })
// A death ends the check at once, however late a slow machine comes to it.
const broken = {
  'server.js': 'process.exit(3)\n',
  '.hostenv/hostenv.nix': module.replace(quick, 'deploymentVerification.upFor = 20;'),
}

interface View {
  readonly key: string
  readonly state: string
  readonly kind: string
  readonly url: string | null
  readonly release: number | null
  readonly expiresAt: string | null
}
const words = ({ lines }: Pushed) => lines.map(({ text }) => text.replace(/^remote: /, '')).join('\n')
const reason = ({ stderr }: Pushed) =>
  /\[remote rejected\].* \((.*?)(?:; log d\d+)?\)$/m.exec(stderr)?.[1] ?? 'accepted'
const head = async () => (await project.git('rev-parse', 'HEAD')).trim()
const envs = async () => JSON.parse((await receiver.ssh('envs', '--json')).stdout) as View[]
const view = async (key: string) => (await envs()).find((one) => one.key === key)
const dataOf = (key: string) => join(receiver.stateDir, 'env', hostname(key, name).replace('.localhost', ''), 'data')
const push = (refs: string, settings?: PushSettings) => project.push(receiver, refs, settings)
const state = (key: string, wanted: string | undefined) =>
  until(`${key} is ${wanted}`, async () => (await view(key))?.state === wanted)

async function make(t: Test, key: string, settings?: PushSettings): Promise<Pushed> {
  const pushed = await push(`HEAD:refs/heads/${key}`, settings)
  t.equal(pushed.code, 0, pushed.stderr)
  return pushed
}

/** Milliseconds until a preview expires, by the receiver's word. */
async function left(key: string): Promise<number> {
  return Date.parse((await view(key))?.expiresAt ?? '') - clock.now()
}

const near = (t: Test, is: number, should: number) =>
  t.ok(Math.abs(is - should) < 10 * 60_000, `${is / HOUR} h is about ${should / HOUR} h`)

t.test('the first push of a matching branch makes a preview, and says how long it lives', async (t) => {
  t.equal((await push('main')).code, 0)
  const pushed = await make(t, 'feature/foo')
  t.match(words(pushed), /→ feature\/foo \(preview of main, expires\s+in\s+14\s+days\)/)
  t.match(await view('feature/foo'), { kind: 'preview', state: 'live', release: 1 })
  near(t, await left('feature/foo'), 14 * DAY)
  t.match((await receiver.ssh('envs')).stdout, /feature\/foo[\s\S]*\n +expires 20\d\d-\d\d-\d\d \d\d:\d\dZ/)
  t.match(words(await make(t, 'keep/me')), /\(preview of main\)/)
  t.equal((await view('keep/me'))?.expiresAt, null, 'a pattern without ttl')
  t.equal((await view('main'))?.expiresAt, null)
})

t.test('a push renews it', async (t) => {
  clock.pass(10 * DAY)
  near(t, await left('feature/foo'), 4 * DAY)
  await project.commit('Next')
  await make(t, 'feature/foo')
  near(t, await left('feature/foo'), 14 * DAY)
})

t.test('one that expired is paused: services stop, data stays, and the front door says how to wake it', async (t) => {
  writeFileSync(join(dataOf('feature/foo'), 'kept'), 'kept\n')
  clock.pass(15 * DAY)
  await state('feature/foo', 'paused')
  near(t, await left('feature/foo'), 3 * DAY)
  t.same(await agree(receiver, name, 'feature/foo', { live: null, branch: await head() }), [])
  t.equal(readFileSync(join(dataOf('feature/foo'), 'kept'), 'utf8'), 'kept\n')
  t.match(
    (await receiver.ssh('envs')).stdout,
    /feature\/foo +preview +paused[\s\S]*expired: ssh HOST wake feature\/foo/,
  )
  const plain = await get(receiver.httpPort, hostname('feature/foo', name))
  t.equal(plain.status, 503)
  t.match(plain.body, /^feature\/foo is paused: its time was over\.\nIts data and its releases are kept until 20/)
  t.match(plain.headers, { 'cache-control': 'no-store', 'x-robots-tag': 'noindex' })
  const html = await get(receiver.httpPort, hostname('feature/foo', name), '/any', { accept: 'text/html,*/*' })
  t.match(html.headers['content-type'], 'text/html')
  t.match(html.body, /<h1>feature&#47;foo|<h1>feature\/foo/)
  t.equal((await view('keep/me'))?.state, 'live')
})

t.test('the command on its page wakes it, as the release that it was', async (t) => {
  const page = await get(receiver.httpPort, hostname('feature/foo', name))
  const command = /^ {2}ssh -p (\d+) hostenv@127\.0\.0\.1 (.*)$/m.exec(page.body)
  t.equal(command?.[1], `${receiver.sshPort}`)
  const woken = await receiver.ssh(...(command?.[2] ?? '').split(' '))
  t.equal(woken.code, 0, woken.stderr)
  t.match(woken.stderr, /waking release 2[\s\S]*Live at http/)
  t.same(await agree(receiver, name, 'feature/foo', { live: await head(), branch: await head() }), [])
  t.match(await view('feature/foo'), { state: 'live', release: 2 })
  near(t, await left('feature/foo'), 14 * DAY)
  t.match((await receiver.ssh('wake', 'feature/foo')).stderr, 'feature/foo is not paused')
  const back = await receiver.ssh('rollback', 'feature/foo')
  t.match(back.stderr, /back to release 1/, 'a rollback means what was live before, not the pause')
  t.equal(back.code, 0, back.stderr)
})

t.test('after the grace period all of it goes together, and the same commit makes it anew', async (t) => {
  const user = userName(receiver, name, 'feature/foo') ?? ''
  clock.pass(15 * DAY)
  await state('feature/foo', 'paused')
  clock.pass(3 * DAY - HOUR)
  await state('feature/foo', 'paused')
  clock.pass(2 * HOUR)
  await until('it is gone', async () => (await view('feature/foo')) === undefined)
  t.notOk(existsSync(join(receiver.stateDir, 'env', user)))
  for (const folder of ['user', 'upstream']) t.notOk(existsSync(join(receiver.runtimeDir, folder, user)))
  t.same(record(receiver, 'SELECT * FROM environment WHERE key = ?', 'feature/foo'), [])
  t.same(record(receiver, 'SELECT * FROM release WHERE key = ?', 'feature/foo'), [])
  const refs = await project.git('ls-remote', join(receiver.stateDir, 'repos', `${name}.git`))
  t.notMatch(refs, 'feature/foo')
  t.equal((await get(receiver.httpPort, hostname('feature/foo', name))).status, 404)
  t.same(leftByCrash(receiver), [])
  await make(t, 'feature/foo')
  t.match(await view('feature/foo'), { state: 'live', release: 1 })
  t.same(readdirSync(dataOf('feature/foo')), [], 'nothing of the old one is there')
})

t.test(
  'deleting its branch tears it down, and a push within the grace period brings it back with its data',
  async (t) => {
    writeFileSync(join(dataOf('feature/foo'), 'kept'), 'kept\n')
    const deleted = await push(':feature/foo')
    t.equal(deleted.code, 0, deleted.stderr)
    t.match(words(deleted), /Stopped feature\/foo; its data is kept until 20/)
    t.equal((await get(receiver.httpPort, hostname('feature/foo', name))).status, 404, 'the front door forgets it')
    t.same(await agree(receiver, name, 'feature/foo', { live: null, branch: null }), [])
    t.match((await receiver.ssh('envs')).stdout, /torn down: git push hostenv feature\/foo brings it back/)
    t.ok(userName(receiver, name, 'feature/foo'), 'its user name is reserved')
    clock.pass(2 * DAY)
    await make(t, 'feature/foo')
    t.match(await view('feature/foo'), { state: 'live', release: 2 })
    near(t, await left('feature/foo'), 14 * DAY)
    t.ok(existsSync(join(dataOf('feature/foo'), 'kept')))
    t.equal((await push(':feature/foo')).code, 0)
    clock.pass(2 * DAY)
    t.equal((await view('feature/foo'))?.state, 'stopped')
    clock.pass(1.1 * DAY)
    await until('it is gone', async () => (await view('feature/foo')) === undefined)
    t.notOk(existsSync(dataOf('feature/foo')))
  },
)

t.test('over the limit a push is told the oldest ones and the command that removes one', async (t) => {
  await make(t, 'try/one')
  await make(t, 'try/two')
  const third = await push('HEAD:refs/heads/try/three')
  t.equal(reason(third), 'there are 2 previews of try/*, and at most 2 may be')
  t.match(words(third), /The oldest: try\/one, try\/two\n +To remove one: git push hostenv :try\/one/)
  t.equal((await push(':try/one')).code, 0)
  await make(t, 'try/three')
  t.equal((await receiver.ssh('pause', 'try/two')).code, 0)
  const fourth = await push('HEAD:refs/heads/try/four')
  t.match(words(fourth), 'The oldest: try/two (paused), try/three', 'a paused one takes room, and goes first')
  const both = await push('HEAD:refs/heads/try/three')
  t.equal(both.code, 0, 'who is there already needs no room')
  t.equal((await push(':try/two')).code, 0)
  const two = await project.push(receiver, ['HEAD:refs/heads/try/five', 'HEAD:refs/heads/try/six'], {
    flags: ['--atomic'],
  })
  t.equal(two.code, 1, 'two at once are counted together')
  t.match(two.stderr, /there are 1 previews of try\/\*, and at most 2 may be/)
  for (const key of ['try/five', 'try/six']) t.equal(await refOf(receiver, name, `refs/heads/${key}`), null)
})

t.test('with evict = "oldest" the oldest makes room, once the new one is live', async (t) => {
  await make(t, 'bug/1')
  await make(t, 'bug/2')
  await project.commit('Newer')
  await make(t, 'bug/1')
  await project.commit('Broken', broken)
  t.not((await push('HEAD:refs/heads/bug/3')).code, 0)
  t.match(
    [(await view('bug/1'))?.state, (await view('bug/2'))?.state],
    ['live', 'live'],
    'a failure costs nobody anything',
  )
  await project.git('reset', '-q', '--hard', 'HEAD^')
  const made = await make(t, 'bug/3')
  t.match(words(made), /bug\/2 was removed to make room; its data is kept/)
  t.same(await agree(receiver, name, 'bug/2', { live: null, branch: null }), [])
  t.match([(await view('bug/1'))?.state, (await view('bug/3'))?.state], ['live', 'live'])
  const log = await receiver.ssh('logs', 'bug/2')
  t.match(log.stdout, 'stopping, to make room for bug/3')
})

t.test('a push may ask for a shorter life, never for a longer one', async (t) => {
  t.match(words(await make(t, 'feature/short', { options: ['ttl=12h'] })), /expires\s+in\s+12\s+hours/)
  near(t, await left('feature/short'), 12 * HOUR)
  const long = await push('HEAD:refs/heads/feature/long', { options: ['ttl=15d'] })
  t.equal(reason(long), 'a preview of this pattern lives 14d at most')
  t.equal(
    reason(await push('HEAD:refs/heads/staging', { options: ['ttl=1d'] })),
    'staging is declared and never expires',
  )
  const kept = await push('HEAD:refs/heads/feature/new', { options: ['no-activate'] })
  t.match(reason(kept), /^feature\/new is not there yet/)
  t.equal((await receiver.ssh('renew', 'feature/short')).code, 0)
  near(t, await left('feature/short'), 14 * DAY)
  const renewed = await receiver.ssh('renew', 'feature/short', '--ttl', '3d')
  t.match(renewed.stdout, /^feature\/short expires in 3 days \(20/)
  near(t, await left('feature/short'), 3 * DAY)
  for (const [words, said] of [
    [['feature/short', '--ttl', '99d'], /lives 14d at most/],
    [['feature/short', '--ttl', 'soon'], /a ttl is a time like 12h, 7d or 2w, not 'soon'/],
    [['main'], /there is nothing to renew/],
    [['nowhere'], /There is no environment 'nowhere'/],
  ] as const) {
    const refused = await receiver.ssh('renew', ...words)
    t.equal(refused.code, 1)
    t.match(refused.stderr, said)
  }
})

t.test('by word an environment is paused, woken and destroyed; production asks to be named', async (t) => {
  const live = await refOf(receiver, name, 'refs/hostenv/live/main')
  const main = async () => agree(receiver, name, 'main', { live })
  for (const word of ['pause', 'destroy']) {
    const refused = await receiver.ssh(word, 'main')
    t.equal(refused.code, 1)
    t.match(refused.stderr, word === 'pause' ? /pause main --confirm main/ : /the canonical branch, which stays/)
  }
  t.same(await main(), [])
  t.equal((await receiver.ssh('pause', 'main', '--confirm', 'main')).code, 0)
  t.match(await view('main'), { state: 'paused', expiresAt: null, kind: 'declared' })
  t.match(
    (await get(receiver.httpPort, hostname('main', name))).body,
    /^main is paused\.\nIts data and its releases are kept\./,
  )
  clock.pass(HOUR)
  t.match((await receiver.ssh('pause', 'main', '--confirm', 'main')).stderr, 'main is paused already')
  t.match((await receiver.ssh('renew', 'main')).stderr, 'nothing to renew')
  t.equal((await receiver.ssh('wake', 'main')).code, 0)
  t.same(await main(), [])
  t.equal((await push('HEAD:refs/heads/staging')).code, 0)
  t.match((await receiver.ssh('destroy', 'staging')).stderr, /destroy staging --confirm staging/)
  t.equal((await receiver.ssh('destroy', 'staging', '--confirm', 'staging')).code, 0)
  t.same(await agree(receiver, name, 'staging', { live: null, branch: null }), [])
  t.match(await view('staging'), { state: 'stopped', expiresAt: null }, 'what is declared keeps everything')
  const done = await receiver.ssh('destroy', 'feature/short', '--json')
  t.match(JSON.parse(done.stdout), { ok: true, key: 'feature/short', release: null })
  t.same(await agree(receiver, name, 'feature/short', { live: null, branch: null }), [])
  t.match((await receiver.ssh('destroy', 'feature/short')).stderr, 'torn down already')
})

t.test('one whose first push does not become live goes as well', async (t) => {
  await project.commit('Broken', broken)
  t.not((await push('HEAD:refs/heads/feature/broken')).code, 0)
  await project.git('reset', '-q', '--hard', 'HEAD^')
  await until('it knows when', async () => (await view('feature/broken'))?.expiresAt !== null)
  clock.pass(4 * DAY)
  await until('it is gone', async () => (await view('feature/broken')) === undefined)
  t.notOk(existsSync(dataOf('feature/broken')))
})

t.test('a preview that was declared since expires no more', async (t) => {
  await make(t, 'feature/grown')
  const declared = webModule(
    { main: `type = "production"; ${quick}`, staging: quick, 'feature/grown': quick },
    previews,
  )
  await project.commit('Grown', { '.hostenv/hostenv.nix': declared })
  t.equal((await push('main')).code, 0)
  t.match(await view('feature/grown'), { kind: 'declared', state: 'live', expiresAt: null })
  await make(t, 'feature/other')
  clock.pass(30 * DAY)
  await state('feature/other', 'paused')
  t.match(await view('feature/grown'), { state: 'live' })
  await project.commit('Only a preview', { '.hostenv/hostenv.nix': module })
  t.equal((await push('main')).code, 0)
  await state('feature/grown', 'paused')
})

t.test('what expired while no receiver ran is paused at the start, and keeps the whole grace period', async (t) => {
  await make(t, 'feature/one')
  await make(t, 'feature/two')
  t.equal((await push(':feature/two')).code, 0)
  const services = tree(receiver, userName(receiver, name, 'feature/one') ?? '')
  t.ok(services.length > 0)
  await receiver.stop()
  clock.pass(90 * DAY)
  await receiver.restart(clock.options())
  t.equal((await view('feature/one'))?.state, 'paused', 'from the beginning on')
  t.same(tree(receiver, userName(receiver, name, 'feature/one') ?? ''), [])
  near(t, await left('feature/one'), 3 * DAY)
  await until('what was torn down is gone', async () => (await view('feature/two')) === undefined)
  t.equal((await view('keep/me'))?.state, 'live')
  t.equal((await receiver.ssh('wake', 'feature/one')).code, 0)
  t.same(await agree(receiver, name, 'feature/one', { live: await head(), branch: await head() }), [])
  t.equal((await receiver.ssh('pause', 'feature/one')).code, 0)
  const directories = ['--state', receiver.stateDir, '--runtime', receiver.runtimeDir]
  const doctor = await hostenv(['doctor', ...directories], receiver.home)
  t.match(doctor.stdout, 'Nothing differs.')
  t.equal((await hostenv(['gc', ...directories], receiver.home)).code, 0)
  t.equal((await receiver.ssh('wake', 'feature/one')).code, 0, 'what can be woken is not collected')
  t.same(leftByCrash(receiver), [])
})

t.test('a preview may be called like something that every object has', async (t) => {
  const text = quietModule({ main: 'type = "production";', staging: '' }, 'previews."*" = { };')
  const other = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': text })
  const to = (refs: string | string[]) => other.push(receiver, refs, { name: 'acme/words' })
  t.equal((await to('main')).code, 0)
  const commit = (await other.git('rev-parse', 'HEAD')).trim()
  const says = async (...words: string[]) => {
    const said = await receiver.ssh(...words, '-p', 'acme/words')
    t.equal(said.code, 0, `${words.join(' ')}: ${said.stderr}`)
  }
  for (const key of ['constructor', 'toString', 'valueOf', 'hasOwnProperty']) {
    const pushed = await to(`main:refs/heads/${key}`)
    t.equal(pushed.code, 0, pushed.stderr)
    t.equal(await refOf(receiver, 'acme/words', `refs/hostenv/live/${key}`), commit, `${key} is live`)
  }
  const key = 'constructor'
  await says('renew', key)
  await says('pause', key)
  await says('wake', key)
  await says('redeploy', key)
  t.equal((await to(`:refs/heads/${key}`)).code, 0)
  await says('rollback', key)
  await says('destroy', key)
})

t.test('one that is renewed while others are paused before it stays, and a start pauses each once', async (t) => {
  const late = 'acme/late'
  const text = quietModule({ main: '' }, 'previews."x*" = { extends = "main"; ttl = "10d"; };')
  const other = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': text })
  const keys = Array.from({ length: 10 }, (_, i) => `x${i}`)
  const pushed = await other.push(receiver, ['main', ...keys.map((key) => `main:refs/heads/${key}`)], { name: late })
  t.equal(pushed.code, 0, pushed.stderr)
  const gate = join(receiver.directory, 'gate')
  writeFileSync(gate, '')
  await receiver.restart(clock.options(`S3@${late}=gate:${gate}`))
  const stages = (key: string) => {
    const sql = "SELECT stage FROM deploy WHERE project = ? AND key = ? AND kind = 'pause' ORDER BY id"
    return record(receiver, sql, late, key).map(({ stage }) => stage)
  }
  const live = (key: string) =>
    record(receiver, 'SELECT live FROM environment WHERE project = ? AND key = ?', late, key)[0]?.live ?? null
  clock.pass(11 * DAY)
  await until('they are on their way', () => stages('x7').length > 0)
  // The one waits for its turn, the other for a slot.
  for (const key of ['x7', 'x9']) t.equal((await receiver.ssh('renew', key, '-p', late)).code, 0)
  rmSync(gate)
  await until('the others are paused', () => keys.every((key) => ['x7', 'x9'].includes(key) || live(key) === null))
  t.same([live('x7'), live('x9')], [1, 1])
  t.same([stages('x7'), stages('x8'), stages('x9')], [['failed'], ['done'], []])
  await receiver.stop()
  clock.pass(11 * DAY)
  await receiver.restart(clock.options())
  t.same([live('x7'), live('x9')], [null, null])
  t.same([stages('x7'), stages('x9')], [['failed', 'done'], ['done']])
})
