// `bin/activate` never waits for ever: not for a process that does not stop, not for a supervisor that is not there.
import t from 'tap'
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
