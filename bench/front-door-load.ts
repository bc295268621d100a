// `node bench/front-door-load.ts [DEPLOYS] [RATE]`: hello-web under 200 requests a second while 20 deploys go live. Every request
// must be answered with 2xx. Runs a receiver of its own in a temporary directory and leaves nothing.
import { startLoad } from '../test/helpers/load.ts'
import { makeProject } from '../test/helpers/project.ts'
import { startReceiver } from '../test/helpers/receiver.ts'
import { benchEnding } from './ending.ts'

const [deploys = 20, rate = 200] = process.argv.slice(2).map(Number)
await using ending = benchEnding()
const receiver = await startReceiver(ending)
const project = await makeProject(ending)
const first = await project.push(receiver, 'main')
const hostname = /http:\/\/([^:]+):/.exec(first.stderr)?.[1]
if (first.code !== 0 || hostname === undefined) throw new Error(first.stderr)

const load = startLoad({ port: receiver.httpPort, hostname, rate })
const durations: number[] = []
for (let n = 1; n <= deploys; n++) {
  await project.commit(`Greeting ${n}`, { 'greeting.txt': `Greeting ${n}\n` })
  const { code, stderr, duration } = await project.push(receiver, 'main')
  if (code !== 0) throw new Error(stderr)
  durations.push(duration)
}
const { sent, ok, failures, bodies, latency, late } = await load.stop()
const greetings = new Set([...bodies.keys()].map((body) => body.split('\n')[0]))
const seconds = durations.reduce((sum, ms) => sum + ms, 0) / 1000
console.log(`${deploys} deploys in ${seconds.toFixed(1)} s under ${rate} requests a second`)
console.log(
  `${sent} requests: ${ok} answered 2xx, ${sent - ok} otherwise ${JSON.stringify(Object.fromEntries(failures))}`,
)
console.log(`${greetings.size} greetings were seen`)
console.log(
  `latency from when a request was due: median ${latency.p50} ms, 99 % ${latency.p99} ms, longest ${latency.max} ms`,
)
console.log(`(the generator itself was ${late} ms late at most)`)
process.exitCode = ok === sent ? 0 : 1
