// SIGTERM: new pushes are told, builds are cancelled with a reason, a switch that runs is finished, services go on.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { agree, leftByCrash, record, tree, until, userName } from '../helpers/agree.ts'
import { hostenv } from '../helpers/programs.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('a receiver that is asked to end', async (t) => {
  const receiver = await startReceiver(t)
  const switches = await makeQuickProject(t)
  const builds = await makeQuickProject(t)
  const late = await makeQuickProject(t)
  t.equal((await switches.push(receiver, 'main', { name: 'acme/switches' })).code, 0)
  const name = userName(receiver, 'acme/switches', 'main') ?? ''
  const stage = (project: string) =>
    record(receiver, 'SELECT stage, tree FROM deploy WHERE project = ? ORDER BY id DESC LIMIT 1', project)[0] ?? {}

  await t.test('a second one on the same state is refused with a sentence', async (t) => {
    const flags = ['--runtime', join(receiver.directory, 'other'), '--admin-key', receiver.key.publicFile]
    const second = await hostenv(
      ['serve', '--state', receiver.stateDir, ...flags, '--ssh', '127.0.0.1:0'],
      receiver.home,
    )
    t.equal(second.code, 1)
    t.match(second.stderr, `hostenv: Another hostenv runs on ${receiver.stateDir}: stop it first`)
    t.equal(JSON.parse(readFileSync(join(receiver.stateDir, 'ready.json'), 'utf8')).pid, receiver.pid)
  })

  const commit = await switches.commit('waits for a sign', {
    'activate.sh': 'until [ -e "$HOSTENV_DATA_DIR/go" ]; do sleep 0.05; done\n',
    'greeting.txt': 'two\n',
  })
  const switching = switches.push(receiver, 'main', { name: 'acme/switches' })
  await until('one switches', () => stage('acme/switches').stage === 'switched')
  await builds.commit('slow to build', { 'build.sh': 'sleep 300\n' })
  const building = builds.push(receiver, ['main', 'main:staging'], { name: 'acme/builds' })
  await until(
    'one builds',
    () => record(receiver, "SELECT id FROM deploy WHERE project = 'acme/builds' AND tree IS NOT NULL").length,
  )
  const code = receiver.stop()
  await until('it says so', () => !existsSync(join(receiver.stateDir, 'ready.json')))
  const refused = await late.push(receiver, 'main', { name: 'acme/late' })
  const begun = Date.now()
  writeFileSync(join(receiver.stateDir, 'env', name, 'data/go'), '')

  t.equal(await code, 0)
  t.ok(Date.now() - begun < 10_000, 'as soon as the switch is finished, not after all of shutdownTime')
  t.not(refused.code, 0)
  t.match(refused.stderr, /hostenv is shutting down; push again in a moment/)
  const finished = await switching
  t.equal(finished.code, 0, finished.stderr)
  t.match(finished.stderr, /Live at/, 'a switch that ran was finished, and its pusher was told')
  const cancelled = await building
  t.not(cancelled.code, 0)
  for (const ref of ['main', 'staging'])
    t.match(
      cancelled.stderr,
      new RegExp(`remote rejected\\] main -> ${ref} \\(the receiver is shutting down; push again`),
    )
  t.notOk(existsSync(join(receiver.stateDir, 'ready.json')))
  const pids = tree(receiver, name)
  t.ok(pids.length > 1, 'services go on')

  await receiver.restart()
  t.same(tree(receiver, name), pids, 'and are the same ones for the next receiver')
  t.same(await agree(receiver, 'acme/switches', 'main', { live: commit, branch: commit }), [])
  t.same(await agree(receiver, 'acme/builds', 'main', { live: null, branch: null }), [])
  t.same(leftByCrash(receiver), [])
})
