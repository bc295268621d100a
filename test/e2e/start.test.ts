// A start opens its doors at once: what runs is served meanwhile, and requests for what has to be started first wait for it.
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { end, processes } from '../../src/lib/proc.ts'
import { get } from '../helpers/http.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'

t.test('requests wait for services that a start has to start, behind open doors', async (t) => {
  const receiver = await startReceiver(t)
  const held = 'while [ -e "$HOSTENV_DATA_DIR/hold" ]; do sleep 0.05; done\n'
  const project = await makeQuickProject(t, { 'activate.sh': held })
  t.equal((await project.push(receiver, 'main', { name: 'acme/held' })).code, 0)
  t.equal((await project.push(receiver, 'main', { name: 'acme/running' })).code, 0)
  await receiver.stop()

  const users = readdirSync(join(receiver.stateDir, 'env'))
  const [user, other] = ['held', 'running'].map((name) => users.find((one) => one.startsWith(name)) ?? '')
  const hold = join(receiver.stateDir, 'env', user ?? '', 'data/hold')
  writeFileSync(hold, '')
  const scan = join(receiver.runtimeDir, 'user', user ?? '', 's6/scan')
  const trees = () => processes().filter(({ name, command }) => name === 's6-svscan' && command.includes(scan))
  t.equal(trees().length, 1, 'services outlive the receiver')
  for (const { pid } of trees()) end(pid)
  while (trees().length > 0) await sleep(20)

  const restarted = receiver.restart()
  while (!(await accepts(receiver.httpPort)) || !(await accepts(receiver.sshPort))) await sleep(20)
  t.notOk(existsSync(join(receiver.stateDir, 'ready.json')), 'it is not ready as long as something starts')
  t.equal((await get(receiver.httpPort, `${other}.localhost`)).status, 200, 'what runs is served')
  const waiting = get(receiver.httpPort, `${user}.localhost`)
  t.equal(await Promise.race([waiting.then(() => 'answered'), sleep(500, 'waits')]), 'waits')
  rmSync(hold)
  t.equal((await waiting).status, 200)
  await restarted
})

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const there = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return there
}
