// A front door that fails takes the receiver with it: one that only seems to run would be noticed by visitors first.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const load = (script: string) => `--import=data:text/javascript,${encodeURIComponent(script)}`
/** In the front door's thread, once somebody asks for it. */
const fault = `import http from 'node:http'
const { emit } = http.Server.prototype
http.Server.prototype.emit = function (event, request, ...rest) {
  if (event === 'request' && request.url === '/break') throw new Error('a fault of the front door')
  return emit.call(this, event, request, ...rest)
}`
/** In the receiver: brings the fault into each thread. */
const faulty = `import { syncBuiltinESMExports } from 'node:module'
import threads from 'node:worker_threads'
const { Worker } = threads
threads.Worker = class extends Worker {
  constructor(file, options) {
    super(file, { ...options, execArgv: [${JSON.stringify(load(fault))}] })
  }
}
syncBuiltinESMExports()`
const receiver = await startReceiver(t, { falls: true, env: { NODE_OPTIONS: load(faulty) } })
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
