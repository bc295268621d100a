// `bin/activate` never waits for ever: not for a process that does not stop, not for a supervisor that is not there.
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { privateStore } from './private-store.ts'
import { serviceTree, shellProcesses } from './service-tree.ts'

const store = privateStore(t)
const processes = shellProcesses(store)
const one = await processes({ web: 'exec sleep 1000' })

t.test('a process that ignores SIGTERM is killed after five seconds, with its children', async (t) => {
  const stubborn = await processes({ web: 'trap "" TERM; sleep 1001 & while :; do sleep 1; done' })
  const tree = serviceTree(t, store)
  await tree.startSvscan()
  await tree.activate(stubborn)
  await tree.running('web')
  const ran = await tree.activate(one)
  t.match(ran, { code: 0, stdout: 'web restarted' })
  t.ok(ran.duration > 4500 && ran.duration < 9000, `${ran.duration} ms`)
})

t.test('without s6-svscan it says so', async (t) => {
  const tree = serviceTree(t, store)
  t.match(await tree.activate(one), { code: 1, stderr: /s6-svscan does not run in / })
  t.match(await tree.activate(one, { env: { HOSTENV_MANAGER: 'x' } }), {
    code: 1,
    stderr: /unknown process manager: x/,
  })
})

t.test(
  'children that a process leaves in its group end with it; one that hid elsewhere delays but stops nothing',
  async (t) => {
    // A duration that no other process has tells these apart.
    const child = `86400.${process.pid}`
    const alive = async () =>
      (await run({ argv: ['pgrep', '-fc', `^sleep ${child}`], env: { PATH: '/usr/bin:/bin' } })).stdout
    const two = { calm: 'exec sleep 1000' }
    const tree = serviceTree(t, store)
    await tree.startSvscan()
    await tree.activate(await processes({ ...two, web: `(trap "" TERM; sleep ${child}) & exec sleep 1000` }))
    await tree.running('web')
    t.equal(await alive(), '1')
    t.match(await tree.activate(await processes({ ...two, web: `setsid sleep ${child} & exec sleep 2000` })), {
      code: 0,
    })
    await tree.running('web')
    t.equal(await alive(), '1', 'only the new one')
    t.match(await tree.activate(await processes(two)), { code: 0, stdout: 'calm unchanged · web stopped' })
    await tree.stopSvscan()
    t.equal(await alive(), '0', 'the end of the tree ends all')
  },
)
