// Who goes first, who is superseded, who is told that it is late: pushes that meet each other.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { userName } from '../../src/lib/names.ts'
import { end, processes } from '../../src/lib/proc.ts'
import { agree, leftByCrash, record, until } from '../helpers/agree.ts'
import { makeKey } from '../helpers/keys.ts'
import type { Project, Pushed, PushSettings } from '../helpers/project.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('pushes that meet', async (t) => {
  const receiver = await startReceiver(t)
  const bob = await makeKey(receiver.directory, 'bob')
  const users = JSON.stringify({ bob: { publicKeys: [bob.publicKey] } })

  async function start(t: Test, name: string): Promise<Project> {
    const project = await makeQuickProject(t, { 'users.json': users })
    const pushed = await project.push(receiver, 'main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    return project
  }
  const slow = (seconds: number) => ({ 'build.sh': `sleep ${seconds}; echo page > $out\n` })
  const quick = (text: string) => ({ 'build.sh': 'echo page > $out\n', 'greeting.txt': `${text}\n` })
  const last = (name: string) =>
    record(receiver, 'SELECT * FROM deploy WHERE project = ? ORDER BY id DESC LIMIT 1', name)[0] ?? {}
  const isBuilding = (name: string) => last(name).stage === 'received' && last(name).tree !== null
  const begin = async (project: Project, what: string, settings: PushSettings & { name: string }) => {
    const pushing = project.push(receiver, what, settings)
    await until(`${settings.name} builds`, () => isBuilding(settings.name))
    return { pushing }
  }
  // An activation that waits for a sign, and the sign.
  const gated = (text: string) => ({
    ...quick(text),
    'activate.sh': 'until [ -e "$HOSTENV_DATA_DIR/go" ]; do sleep 0.1; done\n',
  })
  const open = (name: string) =>
    writeFileSync(join(receiver.stateDir, 'env', userName('acme', name.slice(5), 'main'), 'data/go'), '')
  // Gives the sign once this push is told that it waits for the one before.
  const pushAndOpen = async (project: Project, settings: PushSettings & { name: string }) => {
    let waits = false
    const onLine = ({ text }: { text: string }) => {
      waits ||= /waiting for an earlier push/i.test(text)
    }
    const pushing = project.push(receiver, 'main', { ...settings, onLine })
    await until('it is told that it waits', () => waits)
    open(settings.name)
    return await pushing
  }
  const live = async (name: string, commit: string) => agree(receiver, name, 'main', { live: commit, branch: commit })

  await t.test('a newer push by the same person supersedes one that builds', async (t) => {
    const name = 'acme/same'
    const project = await start(t, name)
    const base = await project.git('rev-parse', 'HEAD')
    await project.commit('slow', slow(60))
    const { pushing } = await begin(project, 'main', { name })
    await project.git('reset', '-q', '--hard', base)
    const newer = await project.commit('unrelated', quick('newer'))
    const pushed = await project.push(receiver, '+main', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    t.match((await pushing).stderr, `(superseded by ${newer.slice(0, 7)}`)
    t.same(await live(name, newer), [])
  })

  await t.test('a push that contains one that builds supersedes it, whoever pushes', async (t) => {
    const name = 'acme/contains'
    const project = await start(t, name)
    await project.commit('slow', slow(60))
    const { pushing } = await begin(project, 'main', { name })
    const newer = await project.commit('on top', quick('newer'))
    const pushed = await project.push(receiver, 'main', { name, key: bob })
    t.equal(pushed.code, 0, pushed.stderr)
    t.match((await pushing).stderr, `superseded by ${newer.slice(0, 7)}`)
    t.same(await live(name, newer), [])
  })

  await t.test('who may not deploy supersedes nobody', async (t) => {
    const name = 'acme/stranger'
    const project = await start(t, name)
    const older = await project.commit('slow', slow(3))
    // Bob may push main, so he sees the project; staging is not his.
    const { pushing } = await begin(project, 'main:staging', { name })
    await project.commit('on top', quick('newer'))
    const pushed = await project.push(receiver, 'main:staging', { name, key: bob })
    t.match(pushed.stderr, /no right to deploy to staging/)
    t.equal((await pushing).code, 0, (await pushing).stderr)
    t.same(await agree(receiver, name, 'staging', { live: older, branch: older }), [])
  })

  await t.test("another's unrelated push waits for its turn, and then is told that it is stale", async (t) => {
    const name = 'acme/queue'
    const project = await start(t, name)
    const base = await project.git('rev-parse', 'HEAD')
    const first = await project.commit('waits for a sign', gated('first'))
    const pushing = project.push(receiver, 'main', { name })
    await until('the first switches', () => last(name).stage === 'switched')
    await project.git('reset', '-q', '--hard', base)
    await project.commit('unrelated', quick('other'))
    const pushed = await pushAndOpen(project, { name, key: bob })
    t.match(pushed.stderr, `(stale: main is now ${first.slice(0, 7)}; fetch first`)
    t.equal((await pushing).code, 0)
    t.same(await live(name, first), [])
  })

  await t.test(
    'what led on from what a client saw is no obstacle: the old value is told (option old-oid)',
    async (t) => {
      const name = 'acme/oldoid'
      const project = await start(t, name)
      const base = await project.git('rev-parse', 'HEAD')
      const first = await project.commit('waits for a sign', gated('first'))
      const pushing = project.push(receiver, 'main', { name })
      await until('the first switches', () => last(name).stage === 'switched')
      const second = await project.commit('on top', { ...quick('second'), 'activate.sh': ':\n' })
      const pushed = await pushAndOpen(project, { name })
      t.equal((await pushing).code, 0)
      t.equal(pushed.code, 0, pushed.stderr)
      t.match(last(name), { old: base, cur: first, new: second })
      t.match(pushed.stderr, `${first.slice(0, 7)}..${second.slice(0, 7)}`, 'the client says what it really replaced')
      t.same(await live(name, second), [])
    },
  )

  await t.test(
    'three that race with the same old value: the newest is live, and everybody was told the truth',
    async (t) => {
      const name = 'acme/three'
      const project = await start(t, name)
      const commits: string[] = []
      const pushes: Promise<Pushed>[] = []
      for (const n of [1, 2, 3]) {
        commits.push(await project.commit(`${n}`, { 'greeting.txt': `${n}\n` }))
        await project.git('branch', `b${n}`)
        pushes.push(project.push(receiver, `b${n}:main`, { name }))
      }
      const ended = await Promise.all(pushes)
      const [row] = record(receiver, 'SELECT new FROM deploy WHERE project = ? ORDER BY id DESC LIMIT 1', name)
      for (const [index, { code, stderr }] of ended.entries()) {
        if (code !== 0) t.match(stderr, /superseded by|stale: main is/, `${index}: ${stderr}`)
        if (commits[index] === row?.new) t.equal(code, 0, stderr)
      }
      t.same(await live(name, String(row?.new)), [])
    },
  )

  await t.test('a client that hangs up before the switch cancels, after it does not', async (t) => {
    const name = 'acme/hangup'
    const project = await start(t, name)
    const base = await project.git('rev-parse', 'HEAD')
    await project.commit('slow', slow(60))
    const gone = new AbortController()
    const { pushing } = await begin(project, 'main', { name, signal: gone.signal })
    gone.abort()
    hangUp(name)
    await pushing
    await until('it is cancelled', () => last(name).stage === 'failed')
    t.equal(last(name).reason, 'cancelled: the client went away')
    t.same(await live(name, base), [])
    const next = await project.commit('waits for a sign', gated('next'))
    const again = new AbortController()
    const late = project.push(receiver, 'main', { name, signal: again.signal })
    await until('it switches', () => last(name).stage === 'switched')
    again.abort()
    hangUp(name)
    await late
    open(name)
    await until('it is done', () => last(name).stage === 'done')
    t.same(await live(name, next), [])
  })
  t.same(leftByCrash(receiver), [])
})

// A terminal that is closed ends git's ssh too.
function hangUp(name: string): void {
  for (const { pid, command } of processes()) if (command.startsWith('ssh\0') && command.includes(name)) end(pid)
}
