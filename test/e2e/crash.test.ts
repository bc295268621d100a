// kill -9 of the daemon right after each step, for first and later deploys, deletions and --atomic pushes. Deploys are held at
// their steps, one per project, so that one kill shows what all steps leave behind.
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, until, userName } from '../helpers/agree.ts'
import { gone, lasting } from '../helpers/lasting.ts'
import type { Project, Pushed } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { type Receiver, startReceiver } from '../helpers/receiver.ts'

const steps = ['S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8'] as const
const switching = ['S3', 'S4', 'S5', 'S6'] as const
const committed = (step: string) => step >= 'S6'

interface Case {
  readonly step: string
  readonly name: string
  readonly project: Project
}

async function cases(t: Test, prefix: string, which: readonly string[]): Promise<Case[]> {
  const make = async (step: string) => {
    const project = await makeQuickProject(t)
    return { step, project, name: `acme/${prefix}${step.toLowerCase()}` }
  }
  return await Promise.all(which.map(make))
}

const faultsOf = (...groups: Case[][]) =>
  groups
    .flat()
    .map(({ step, name }) => `${step}@${name}=hold`)
    .join(',')

/** Begins pushes, waits until each is held at its step, kills the daemon, starts it again; answers what the clients saw. */
async function killAll(receiver: Receiver, all: Case[], begin: (one: Case) => Promise<Pushed>) {
  const from = receiver.log().length
  const ends: Promise<Pushed>[] = []
  // A few at once: each is quicker than all of them together.
  try {
    for (let at = 0; at < all.length; at += 4) {
      const some = all.slice(at, at + 4)
      ends.push(...some.map(begin))
      for (const { step, name } of some)
        await until(`${name} is held at ${step}`, () => isHeld(receiver.log().slice(from), step, name), 40)
    }
  } finally {
    await receiver.kill9()
  }
  const seen = await Promise.all(ends)
  await receiver.restart()
  return seen
}

function isHeld(log: string, step: string, name: string): boolean {
  return new RegExp(`^fault ${step} d\\d+ ${name}$`, 'm').test(log)
}

function checkClient(t: Test, { step, name }: Case, pushed: Pushed) {
  t.not(pushed.code, 0, `${name}: the client learns that it got no answer`)
  t.notMatch(pushed.stderr, /Live at|\[new branch\]|^ .* -> \w+$/m, `${name}: nothing claims success`)
  t.notMatch(pushed.stderr, /remote rejected/, `${name}: no refusal is named either (${step})`)
}

async function inFours<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < all.length; at += 4) results.push(...(await Promise.all(all.slice(at, at + 4).map(work))))
  return results
}

t.test('a crash leaves no lie behind', async (t) => {
  const first = await cases(t, 'f', steps)
  const deletions = await cases(t, 'd', switching)
  const atomic = await cases(t, 'a', switching)
  const mixed = await cases(t, 'm', ['S4'])
  const bystander = await makeQuickProject(t)
  const receiver = await startReceiver(t, { faults: faultsOf(first) })
  const push = ({ project, name }: Case, refs: string | string[], flags: string[] = []) =>
    project.push(receiver, refs, { name, flags })
  t.equal((await bystander.push(receiver, 'main', { name: 'acme/bystander' })).code, 0)
  const other = userName(receiver, 'acme/bystander', 'main') ?? ''
  const pids = lasting(receiver, other)
  t.ok(pids.length > 2)
  const untouched = (t: Test) =>
    t.same(gone(receiver, other, pids), [], 'services of another environment never stopped')
  const head = (one: Case, ref = 'HEAD') => one.project.git('rev-parse', ref)
  const disagreements = (one: Case, key: string, live: string | null, branch = live) =>
    agree(receiver, one.name, key, { live, branch })

  await t.test('first deploys', async (t) => {
    const seen = await killAll(receiver, first, (one) => push(one, 'main'))
    untouched(t)
    t.same(leftByCrash(receiver), [], 'nothing is left over')
    for (const [index, one] of first.entries()) {
      checkClient(t, one, seen[index] as Pushed)
      const [row] = record(receiver, 'SELECT * FROM deploy WHERE project = ?', one.name)
      t.equal(row?.stage, committed(one.step) ? 'done' : 'failed', `${one.name} is ${row?.stage}: ${row?.reason}`)
      t.same(await disagreements(one, 'main', committed(one.step) ? await head(one) : null), [])
    }
  })

  await t.test('the next push of each works', async (t) => {
    await inFours(first, async (one) => {
      if (committed(one.step)) await one.project.commit()
      const pushed = await push(one, 'main')
      t.equal(pushed.code, 0, `${one.name}: ${pushed.stderr}`)
      t.same(await disagreements(one, 'main', await head(one)), [])
    })
    await inFours([...deletions, ...mixed, ...atomic], async (one) => {
      const pushed = await push(one, ['main', 'main:staging'])
      t.equal(pushed.code, 0, `${one.name}: ${pushed.stderr}`)
    })
  })

  const before = new Map<string, string>()
  await t.test('later deploys, deletions and --atomic pushes', async (t) => {
    await receiver.restart({ faults: faultsOf(first, deletions, atomic, mixed) })
    untouched(t)
    const all = [...first, ...deletions, ...atomic, ...mixed]
    for (const one of all) {
      before.set(one.name, await head(one))
      await one.project.commit('Another greeting', { 'greeting.txt': 'Good morning\n' })
    }
    const seen = await killAll(receiver, all, (one) => {
      if (first.includes(one)) return push(one, 'main')
      if (deletions.includes(one)) return push(one, ':staging')
      if (atomic.includes(one)) return push(one, ['main', 'main:staging'], ['--atomic'])
      return push(one, ['main', ':staging'], ['--atomic'])
    })
    untouched(t)
    t.same(leftByCrash(receiver), [], 'nothing is left over')
    for (const [index, one] of all.entries()) checkClient(t, one, seen[index] as Pushed)
    const old = (one: Case) => before.get(one.name) ?? ''
    for (const one of first)
      t.same(await disagreements(one, 'main', committed(one.step) ? await head(one) : old(one)), [])
    for (const one of deletions) t.same(await disagreements(one, 'staging', null), [], 'a deletion is always redone')
    for (const one of [...atomic, ...mixed])
      for (const key of ['main', 'staging'])
        t.same(await disagreements(one, key, committed(one.step) ? await head(one) : old(one)), [], 'all or none')
  })

  await t.test('and the next push of each works', async (t) => {
    await inFours([...first, ...deletions, ...atomic, ...mixed], async (one) => {
      await one.project.commit('A third greeting', { 'greeting.txt': 'Good night\n' })
      const pushed = await push(one, 'main')
      t.equal(pushed.code, 0, `${one.name}: ${pushed.stderr}`)
      t.same(await disagreements(one, 'main', await head(one)), [])
    })
    untouched(t)
    t.same(leftByCrash(receiver), [])
  })
})
