// A front door that fails takes the receiver with it: one that only seems to run would be noticed by visitors first.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

// In the front door's thread alone, once somebody asks for it.
const broken = `import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import http from 'node:http'
if (workerData?.domain !== undefined) {
  const { emit } = http.Server.prototype
  http.Server.prototype.emit = function (event, request, ...rest) {
    if (event === 'request' && request.url === '/break') throw new Error('a fault of the front door')
    return emit.call(this, event, request, ...rest)
  }
}`
const receiver = await startReceiver(t, {
  env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(broken)}` },
})
const project = await makeProject(t)
const pushed = await project.push(receiver, 'main')
const hostname = /http:\/\/([^:]+):/.exec(pushed.stderr)?.[1] ?? ''

t.test('the receiver ends, says why, and the next one serves what was live', async (t) => {
  t.equal((await get(receiver.httpPort, hostname)).status, 200, pushed.stderr)
  const { pid } = receiver
  await t.rejects(get(receiver.httpPort, hostname, '/break'))
  for (let n = 0; n < 600 && existsSync(`/proc/${pid}`); n++) await sleep(50)
  t.notOk(existsSync(`/proc/${pid}`), 'it has ended')
  t.match(receiver.log(), /a fault of the front door/)
  await receiver.restart()
  t.equal((await get(receiver.httpPort, hostname)).status, 200)
})
