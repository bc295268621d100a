// kill -9 of the daemon right after each step at which a preview is paused, woken, torn down or removed. One project for each step
// is held there, so that one kill shows what all steps leave behind.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, refOf, until, userName } from '../helpers/agree.ts'
import { DAY, makeClock } from '../helpers/clock.ts'
import { gone, lasting } from '../helpers/lasting.ts'
import { webModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const steps = ['S3', 'S4', 'S5', 'S6', 'S7'] as const
const key = 'feature/foo'
const quick = 'type = "production"; deploymentVerification = { upFor = 0; timeout = 20; };'

t.test('a crash while a preview is paused, woken or removed leaves no lie behind', async (t) => {
  const all = steps.map((step) => ({ step, name: `acme/p${step.toLowerCase()}` }))
  const faults = all.map(({ step, name }) => `${step}@${name}=hold`).join(',')
  const clock = makeClock(t)
  const receiver = await startReceiver(t, clock.options())
  const project = await makeProject(t, 'hello-web', {
    '.hostenv/hostenv.nix': webModule({ main: quick }, 'previews."feature/*".ttl = "14d";'),
  })
  const commit = (await project.git('rev-parse', 'HEAD')).trim()
  const users = new Map<string, string>()
  const push = async (t: Test) => {
    for (const { name } of all) {
      const pushed = await project.push(receiver, ['HEAD:refs/heads/main', `HEAD:refs/heads/${key}`], { name })
      t.equal(pushed.code, 0, pushed.stderr)
      users.set(name, userName(receiver, name, key) ?? '')
    }
  }
  const dataOf = (name: string) => join(receiver.stateDir, 'env', users.get(name) ?? '-', 'data')
  const row = (name: string) =>
    record(receiver, 'SELECT * FROM environment WHERE project = ? AND key = ?', name, key)[0]
  const disagreements = (name: string, live: string | null, branch: string | null) =>
    agree(receiver, name, key, { live, branch })

  /** Starts with faults, lets `begin` lead to them, kills the daemon once all are held, and starts it again. */
  async function crash(begin: () => unknown) {
    await receiver.restart(clock.options(faults))
    const from = receiver.log().length
    const main = all.map(({ name }) => userName(receiver, name, 'main') ?? '')
    const pids = main.map((user) => lasting(receiver, user))
    t.ok(pids.every(({ length }) => length > 2))
    try {
      begin()
      for (const { step, name } of all)
        await until(`${name} is held at ${step}`, () =>
          new RegExp(`^fault ${step} d\\d+ ${name}$`, 'm').test(receiver.log().slice(from)),
        )
    } finally {
      await receiver.kill9()
    }
    await receiver.restart(clock.options())
    t.same(
      main.flatMap((user, index) => gone(receiver, user, pids[index] ?? [])),
      [],
      'what it extends never stopped',
    )
  }
  const word = (...words: string[]) => {
    for (const { name } of all) void receiver.ssh(...words, key, '-p', name)
  }

  await t.test('expiry: always redone', async (t) => {
    await push(t)
    await crash(() => clock.pass(15 * DAY))
    for (const { name } of all) {
      await until(`${name} is paused`, () => row(name)?.wakes === 1)
      t.same(await disagreements(name, null, commit), [])
      t.match(row(name), { live: null, wakes: 1, paused_by: 'hostenv' })
      t.ok(row(name)?.goes_at, 'it knows when it goes')
    }
    await until('nothing is left over', () => leftByCrash(receiver).length === 0)
  })

  await t.test('waking: undone before the commit, redone after it', async (t) => {
    await crash(() => word('wake'))
    for (const { step, name } of all) {
      const woken = step >= 'S6'
      t.same(await disagreements(name, woken ? commit : null, commit), [], `${name}`)
      t.match(row(name), woken ? { live: 1, wakes: null, goes_at: null } : { live: null, wakes: 1 })
    }
    t.same(leftByCrash(receiver), [])
    for (const { step, name } of all) if (step < 'S6') t.equal((await receiver.ssh('wake', key, '-p', name)).code, 0)
    for (const { name } of all) t.same(await disagreements(name, commit, commit), [])
  })

  await t.test('teardown: always redone, its branch too', async (t) => {
    await crash(() => word('destroy'))
    for (const { name } of all) {
      t.same(await disagreements(name, null, null), [])
      t.match(row(name), { live: null, wakes: null, expires_at: null })
      t.ok(row(name)?.goes_at)
      t.ok(existsSync(dataOf(name)), 'its data stays')
    }
    t.same(leftByCrash(receiver), [])
  })

  await t.test('removal: always redone, to the last row', async (t) => {
    await crash(() => clock.pass(4 * DAY))
    for (const { name } of all) {
      await until(`${name} is gone`, () => row(name) === undefined)
      t.same(await disagreements(name, null, null), [])
      t.same(record(receiver, 'SELECT * FROM release WHERE project = ? AND key = ?', name, key), [])
      t.equal(await refOf(receiver, name, `refs/hostenv/releases/${key}/1`), null)
      t.notOk(existsSync(dataOf(name)))
    }
    await until('nothing is left over', () => leftByCrash(receiver).length === 0)
    await push(t)
    for (const { name } of all) t.same(await disagreements(name, commit, commit), [], 'and it can be made anew')
  })
})
