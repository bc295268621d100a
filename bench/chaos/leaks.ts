// What somebody who may not know it learns of projects and users: the same answer for what is not there and for what is forbidden, in the
// same time.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Client } from 'ssh2'
import { ssh2 } from '../../src/transport/ssh2.ts'
import { type Key, makeKey } from '../../test/helpers/keys.ts'
import { quietModule } from '../../test/helpers/module.ts'
import { makeProject } from '../../test/helpers/project.ts'
import { type Receiver, startReceiver } from '../../test/helpers/receiver.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'
import { median } from '../figures.ts'
import type { Random } from './random.ts'
import type { Found } from './report.ts'

const tries = 200
/** Two medians are of one class when neither is so much longer, or by less than this many milliseconds. */
const mostTimes = 1.3
const noise = 0.5

const questions: Readonly<Record<string, (project: string) => string>> = {
  'a push': (project) => `git-receive-pack '${project}.git'`,
  'a fetch': (project) => `git-upload-pack '${project}.git'`,
  'its releases': (project) => `releases -p ${project}`,
  'its logs': (project) => `logs ${project}:main`,
  'its environments': (project) => `envs -p ${project} --json`,
  'a rollback': (project) => `rollback ${project}:main`,
}

export async function leaks(ending: Ending, chance: Random): Promise<Found[]> {
  const receiver = await startReceiver(ending, {
    ...{ faults: '', env: { HOSTENV_OVERRIDES: '{"limits":{"pushesPerMinute":1000000}}' } },
  })
  const [alice, bob, eve] = (await Promise.all(
    ['alice', 'bob', 'eve'].map((name) => makeKey(receiver.directory, name)),
  )) as [Key, Key, Key]
  for (const [name, who, key] of [
    ['acme/mine', 'alice', alice],
    ['acme/shop', 'bob', bob],
  ] as const) {
    const users = `users.${who}.publicKeys = [ ${JSON.stringify(key.publicKey)} ];`
    const project = await makeProject(ending, 'hello-web', { '.hostenv/hostenv.nix': quietModule({ main: users }) })
    const pushed = await project.push(receiver, 'main', { name })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
  }
  const found: Found[] = []
  const connection = await login(receiver, alice, 'alice')
  try {
    for (const [what, ask] of Object.entries(questions))
      found.push(
        await alike(`${what}, of a project that is forbidden and of one that is not there`, chance, (other) =>
          answer(connection, ask(other ? 'acme/shop' : 'acme/none')),
        ),
      )
  } finally {
    connection.end()
  }
  found.push(
    await alike(
      'a login with a key that nobody knows, as a user that there is and as one that there is not',
      chance,
      (other) => refusal(receiver, eve, other ? 'alice' : 'zelda'),
    ),
  )
  return found
}

interface Answer {
  readonly said: string
  readonly took: number
}

// The two in turn, in an order that nothing can get used to.
async function alike(what: string, chance: Random, ask: (other: boolean) => Promise<Answer>): Promise<Found> {
  const took = { one: [] as number[], other: [] as number[] }
  const said = { one: new Set<string>(), other: new Set<string>() }
  for (let n = 0; n < tries; n++)
    for (const which of chance.chance(0.5) ? (['one', 'other'] as const) : (['other', 'one'] as const)) {
      const answered = await ask(which === 'other')
      took[which].push(answered.took)
      said[which].add(
        answered.said.replaceAll(/acme\/(shop|none)|alice|zelda/g, 'NAME').replaceAll(/\b(shop|none)\b/g, 'NAME'),
      )
    }
  const wrong: string[] = []
  const [one, other] = [[...said.one].join('\n'), [...said.other].join('\n')]
  if (one !== other) wrong.push(`the answers differ: ${JSON.stringify(one)} and ${JSON.stringify(other)}`)
  const [a, b] = [median(took.one), median(took.other)]
  if (Math.abs(a - b) > noise && Math.max(a, b) / Math.min(a, b) > mostTimes)
    wrong.push(`the times differ: ${a.toFixed(2)} ms and ${b.toFixed(2)} ms`)
  return { what: `${what}: ${b.toFixed(2)} ms and ${a.toFixed(2)} ms (medians of ${tries})`, wrong }
}

function login(receiver: Receiver, key: Key, username: string): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    client.on('ready', () => resolve(client)).on('error', reject)
    // What Nagle's algorithm adds is 40 ms, and chance.
    const sock = connect({ host: '127.0.0.1', port: receiver.sshPort, noDelay: true })
    client.connect({ sock, username, privateKey: readFileSync(key.file) })
  })
}

async function refusal(receiver: Receiver, key: Key, username: string): Promise<Answer> {
  const begun = performance.now()
  const said = await login(receiver, key, username).then(
    () => 'logged in',
    (error: Error) => error.message,
  )
  return { said, took: performance.now() - begun }
}

function answer(client: Client, command: string): Promise<Answer> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error)
      let [out, words, exit] = ['', '', '']
      channel.on('data', (chunk: Buffer) => {
        out += chunk
      })
      channel.stderr.on('data', (chunk: Buffer) => {
        words += chunk
      })
      channel.on('exit', (code: number | null) => {
        exit = `${code}`
      })
      channel.on('close', () => resolve({ said: `${out}${words}exit ${exit}`, took: performance.now() - begun }))
      channel.end()
    })
  })
}
