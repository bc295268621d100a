// Deploys under load: a person who visits meanwhile notices nothing. The full size (200 requests a second, 20 deploys) is
// bench/front-door-load.ts.
import t from 'tap'
import { get } from '../helpers/http.ts'
import { startLoad } from '../helpers/load.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

// However long a switch takes here, and however many requests come in that time, all of them wait.
const many = { heldPerEnvironment: 5000, heldRequests: 5000, heldTime: 25_000, frontDoor: { maxRequests: 5000 } }
const receiver = await startReceiver(t, { faults: '', env: { HOSTENV_OVERRIDES: JSON.stringify({ limits: many }) } })
const settings = (upFor: number) => ({
  '.hostenv/hostenv.nix': `{ pkgs, ... }: {
    environments.main = {
      type = "production";
      deploymentVerification.upFor = ${upFor};
      virtualHosts."www.shop.example".globalRedirect = "shop.example";
    };
    environments.dev.deploymentVerification.upFor = 0;
    processes.web = {
      command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
      environment.GREETING = "\${../greeting.txt}";
    };
  }`,
})
// A check that does not even wait for the socket: the front door bridges the time until the process listens.
const project = await makeProject(t, 'hello-web', settings(0))
const first = await project.push(receiver, 'main')
t.equal(first.code, 0, first.stderr)
const url = /http:\/\/([^:]+):/.exec(first.stderr)
const hostname = url?.[1] ?? ''

t.test('a custom host name that is not granted is told, and is not routed', async (t) => {
  const said = first.lines.map(({ text }) => text.replace(/^remote: */, '')).join(' ')
  t.match(said, /www\.shop\.example is not granted to acme\/helloweb, so it is not routed here/)
  t.equal((await get(receiver.httpPort, 'www.shop.example')).status, 404)
})

t.test('what is no production is not indexed', async (t) => {
  t.equal((await get(receiver.httpPort, hostname)).headers['x-robots-tag'], undefined)
  t.equal((await project.push(receiver, 'main:dev')).code, 0)
  const dev = /http:\/\/([^:]+dev[^:]*):/.exec((await receiver.ssh('envs', '--json')).stdout)?.[1] ?? ''
  const answer = await get(receiver.httpPort, dev)
  t.match(answer, { status: 200, headers: { 'x-robots-tag': 'noindex', 'x-content-type-options': 'nosniff' } })
})

t.test('four deploys under load cost no request', async (t) => {
  const load = startLoad({ port: receiver.httpPort, hostname, rate: 50 })
  for (let n = 1; n <= 4; n++) {
    await project.commit(`Greeting ${n}`, { 'greeting.txt': `Greeting ${n}\n` })
    const pushed = await project.push(receiver, 'main')
    t.equal(pushed.code, 0, pushed.stderr)
    const { body } = await get(receiver.httpPort, hostname)
    t.match(body, `Greeting ${n}\n`, 'the new release answers as soon as the push has ended')
  }
  const result = await load.stop()
  t.same([...result.failures], [], 'nothing but 2xx')
  t.equal(result.ok, result.sent)
  const greetings = new Set([...result.bodies.keys()].map((body) => body.split('\n')[0]))
  t.ok(greetings.size >= 4, `${[...greetings]}`)
  t.comment(`${result.sent} requests, latency ${JSON.stringify(result.latency)} ms`)
})

t.test('a deploy that fails costs no request either: they wait until the release before is back', async (t) => {
  const load = startLoad({ port: receiver.httpPort, hostname, rate: 10 })
  project.overlay('overlays/dies-at-once')
  await project.commit('Dies at once', settings(1))
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 1)
  const result = await load.stop()
  t.same([...result.failures], [])
  t.equal(result.ok, result.sent)
  t.match((await get(receiver.httpPort, hostname)).body, 'Greeting 4')
})
