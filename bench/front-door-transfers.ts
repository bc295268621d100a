// `node bench/front-door-transfers.ts [MIB]`: 1 GiB up and 1 GiB down through the front door of a real receiver, and the memory
// that the receiver takes for it.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { makeProject } from '../test/helpers/project.ts'
import { startReceiver } from '../test/helpers/receiver.ts'
import { benchEnding } from './ending.ts'

const [mebibytes = 1024] = process.argv.slice(2).map(Number)
const MiB = 1024 ** 2

/** Counts what it is sent, and sends as many MiB as it is asked for. */
const server = `const http = require('node:http')
const path = require('node:path')
http.createServer(async (request, response) => {
  if (request.method === 'POST') {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    return response.end(String(bytes))
  }
  const block = Buffer.alloc(${MiB})
  for (let n = Number(request.url.slice(1)); n > 0; n--)
    if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve))
  response.end()
}).listen(path.join(process.env.HOSTENV_UPSTREAM_DIR, 'in.sock'))
process.on('SIGTERM', () => process.exit(0))
`
await using ending = benchEnding()
const receiver = await startReceiver(ending)
const project = await makeProject(ending, 'hello-web', { 'server.js': server })
const pushed = await project.push(receiver, 'main')
const host = /http:\/\/([^:]+):/.exec(pushed.stderr)?.[1]
if (pushed.code !== 0 || host === undefined) throw new Error(pushed.stderr)

const memory = (field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${receiver.pid}/status`, 'utf8'))?.[1]) / 1024
const ask = (method: string, path: string) =>
  request({ host: '127.0.0.1', port: receiver.httpPort, method, path, headers: { host }, agent: false })

async function measured(what: string, transfer: () => Promise<number>) {
  const before = memory('VmRSS')
  const begun = performance.now()
  let highest = 0
  const watching = setInterval(() => {
    highest = Math.max(highest, memory('VmRSS'))
  }, 50)
  const bytes = await transfer()
  clearInterval(watching)
  const seconds = (performance.now() - begun) / 1000
  const growth = `${before.toFixed(0)} MiB before, ${highest.toFixed(0)} MiB at most`
  console.log(`${what}: ${bytes / MiB} MiB in ${seconds.toFixed(1)} s; the receiver took ${growth}`)
  if (bytes !== mebibytes * MiB) process.exitCode = 1
}

await measured('upload', async () => {
  const sent = ask('POST', '/')
  const block = Buffer.alloc(MiB)
  for (let n = 0; n < mebibytes; n++) if (!sent.write(block)) await once(sent, 'drain')
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return Number(Buffer.concat(await answer.toArray()).toString())
})
await measured('download', async () => {
  const asked = ask('GET', `/${mebibytes}`)
  asked.end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  let bytes = 0
  for await (const chunk of answer) bytes += chunk.length
  return bytes
})
