// The attack: an environment puts something else than its own socket at `in.sock`, so that the front door talks to another
// environment's socket (or opens a file) in its name. It may do so at any moment, so looking first and connecting then is not enough.

import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { t } from 'tap'
import { defaultLimits } from '../../src/config/limits.ts'
import { createFrontDoor } from '../../src/frontdoor/front-door.ts'
import { WaitingRoom } from '../../src/frontdoor/waiting-room.ts'
import { mustRun } from '../../src/lib/spawn.ts'
import { frontDoor, get } from './frontdoor-support.ts'

const world = await frontDoor()
t.teardown(() => world.end())
const { port } = world
const secret = 'the victim answers'
await world.serve('victim', (_, response) => void response.end(secret))
const victim = join(world.upstreamDir('victim'), 'in.sock')

const tricks: Readonly<Record<string, (path: string) => unknown>> = {
  'a symbolic link to another socket': (path) => symlinkSync(victim, path),
  'a relative symbolic link': (path) => symlinkSync('../victim/in.sock', path),
  'a symbolic link to a symbolic link': (path) => {
    symlinkSync(victim, `${path}.2`)
    symlinkSync(`${path}.2`, path)
  },
  'a regular file': (path) => writeFileSync(path, 'x'),
  'a named pipe': (path) => mustRun({ argv: ['mkfifo', path], env: { PATH: process.env.PATH ?? '' } }),
  'a directory': (path) => mkdirSync(path),
  'a dangling link': (path) => symlinkSync('/nowhere', path),
  nothing: () => {},
}

let n = 0
for (const [name, trick] of Object.entries(tricks))
  t.test(`in.sock is ${name}`, async (t) => {
    const environment = `evil${++n}`
    await trick(world.declare(environment))
    const { status, body } = await get(port, `${environment}.localhost`)
    t.equal(status, 502)
    t.notMatch(body, secret)
    t.equal((await get(port, 'victim.localhost')).body, secret, 'the other environment is as it was')
    t.equal(readdirSync(join(world.runtimeDir, 'door')).length, 1, 'no link is left')
  })

t.test('a socket of somebody else', async (t) => {
  const path = world.declare('owner', world.uid + 1)
  linkSync(victim, path)
  t.equal((await get(port, 'owner.localhost')).status, 502)
  t.match(world.warnings.at(-1)?.fields.err?.message, /belongs to uid/)
})

t.test('a socket that is handed to another user later', { skip: world.uid === 0 ? false : 'needs root' }, async (t) => {
  await world.serve('later', (_, response) => void response.end('mine'))
  t.equal((await get(port, 'later.localhost')).body, 'mine')
  chownSync(join(world.upstreamDir('later'), 'in.sock'), 12345, 12345)
  t.equal((await get(port, 'later.localhost')).status, 502)
})

t.test('swapping the socket and a link for each other while requests come', async (t) => {
  await world.serve('race', (_, response) => void response.end('mine'))
  const path = join(world.upstreamDir('race'), 'in.sock')
  let stop = false
  const swapping = (async () => {
    while (!stop) {
      renameSync(path, `${path}.own`)
      symlinkSync(victim, path)
      await new Promise((resolve) => setImmediate(resolve))
      rmSync(path)
      renameSync(`${path}.own`, path)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const seen = new Map<string, number>()
  for (let i = 0; i < 400; i++) {
    const { body } = await get(port, 'race.localhost')
    seen.set(body, (seen.get(body) ?? 0) + 1)
  }
  stop = true
  await swapping
  t.notOk(seen.has(secret), 'never the victim')
  t.ok(seen.has('mine'), 'and it works in between')
})

const rest = {
  ...{ route: () => null, log: { warn: () => {} }, limits: () => defaultLimits.frontDoor },
  room: new WaitingRoom(() => defaultLimits),
}

t.test('the door’s links go when it closes, and those of an earlier run when it opens', async (t) => {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'hostenv-door-'))
  t.teardown(() => rmSync(runtimeDir, { recursive: true, force: true }))
  mkdirSync(join(runtimeDir, 'door'))
  writeFileSync(join(runtimeDir, 'door', 'old'), 'x')
  const door = createFrontDoor({ ...rest, runtimeDir })
  await door.listen('127.0.0.1', 0)
  t.notOk(existsSync(join(runtimeDir, 'door', 'old')))
  await door.close()
  t.notOk(existsSync(join(runtimeDir, 'door')))
})

t.test('a runtime directory that is too long for sockets is refused at once', async (t) => {
  const make = () => createFrontDoor({ ...rest, runtimeDir: `/${'x'.repeat(100)}` })
  t.throws(make, { message: /too long/ })
})
