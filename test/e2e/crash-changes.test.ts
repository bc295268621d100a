// A receiver that dies while it goes back to a release, or activates one anew: undone before the commit, finished after it.
import t, { type Test } from 'tap'
import { agree, leftByCrash, record, until } from '../helpers/agree.ts'
import type { Project } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'

interface Case {
  readonly word: 'rollback' | 'redeploy'
  readonly step: string
  readonly name: string
}

const cases: readonly Case[] = [
  ...['S3', 'S4', 'S5', 'S6', 'S7'].map((step) => ({ word: 'rollback' as const, step })),
  ...['S3', 'S5', 'S6'].map((step) => ({ word: 'redeploy' as const, step })),
].map((one) => ({ ...one, name: `acme/${one.word}${one.step.toLowerCase()}` }))

t.test('a crash while an environment changes without a push', async (t) => {
  const receiver = await startReceiver(t)
  const projects = new Map<string, { project: Project; one: string; two: string }>()
  // One at a time: they build the same, and most of it once.
  for (const { name } of cases) {
    const project = await makeQuickProject(t)
    const one = await project.git('rev-parse', 'HEAD')
    await project.push(receiver, 'main', { name })
    const two = await project.commit('Another greeting', { 'greeting.txt': 'Good morning\n' })
    const pushed = await project.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    projects.set(name, { project, one, two })
  }
  const of = (name: string) => projects.get(name)!
  await receiver.restart({ faults: cases.map(({ step, name }) => `${step}@${name}=hold`).join(',') })
  const from = receiver.log().length
  const ended = cases.map(({ word, name }) => receiver.ssh(word, 'main', '-p', name))
  for (const { step, name } of cases) await until(`${name} is held`, () => held(name, step), 60)
  await receiver.kill9()
  const seen = await Promise.all(ended)
  await receiver.restart()
  t.same(leftByCrash(receiver), [], 'nothing is left over')
  for (const [index, { word, step, name }] of cases.entries()) {
    const { one, two } = of(name)
    const committed = step >= 'S6'
    t.not(seen[index]?.code, 0, `${name}: who asked learns that there is no answer`)
    t.notMatch(seen[index]?.stderr, /Live at/)
    const [row] = record(receiver, 'SELECT * FROM deploy WHERE project = ? ORDER BY id DESC LIMIT 1', name)
    t.match(row, { kind: word, stage: committed ? 'done' : 'failed' }, `${name}: ${row?.reason}`)
    await agrees(t, name, committed && word === 'rollback' ? one : two)
    const releases = record(receiver, 'SELECT n FROM release WHERE project = ?', name).length
    t.equal(releases, committed ? 3 : 2, `${name}: a release that became live is one, another is none`)
  }
  await t.test('and the next rollback, and the next push, of each works', async (t) => {
    for (const { name } of cases) {
      const { project } = of(name)
      const ran = await receiver.ssh('rollback', 'main', '1', '-p', name)
      const live = record(receiver, 'SELECT live FROM environment WHERE project = ?', name)[0]?.live
      t.equal(ran.code, 0, `${name}: ${ran.stderr}`)
      t.ok(Number(live) > 2)
      const three = await project.commit('A third greeting', { 'greeting.txt': 'Good night\n' })
      const pushed = await project.push(receiver, 'main', { name })
      t.equal(pushed.code, 0, pushed.stderr)
      await agrees(t, name, three, three)
    }
  })
  t.same(leftByCrash(receiver), [])

  function held(name: string, step: string): boolean {
    return new RegExp(`^fault ${step} d\\d+ ${name}$`, 'm').test(receiver.log().slice(from))
  }
  async function agrees(t: Test, name: string, live: string, branch = of(name).two) {
    t.same(await agree(receiver, name, 'main', { live, branch }), [])
  }
})
