// Who gets in, and who never does.

import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Client, ParsedKey } from 'ssh2'
import t from 'tap'
import { ssh2 } from '../../src/transport/ssh2.ts'
import { until } from '../helpers/agree.ts'
import { makeToken } from '../helpers/token-agent.ts'
import { makeKey, ssh, sshArguments, startServer } from './ssh-support.ts'

const dir = t.testdir()
const known = makeKey(dir, 'known', 'ed25519')
const stranger = makeKey(dir, 'stranger', 'ed25519')
const denied = /Permission denied \(publickey\)/

// All that ssh-keygen(1) makes but DSA, which OpenSSH gave up; those of security tokens have a test of their own.
t.test('every type of key logs in; the user name does not matter', async (t) => {
  const rsa = ['2048', '3072', '4096'].map((bits) => makeKey(dir, `rsa${bits}`, 'rsa', '-b', bits))
  const ecdsa = ['256', '384', '521'].map((bits) => makeKey(dir, `ecdsa${bits}`, 'ecdsa', '-b', bits))
  const keys = [known, ...rsa, ...ecdsa]
  const { server, port } = await startServer(keys)
  t.teardown(() => server.close())
  for (const key of keys) {
    const ran = await ssh([...sshArguments(dir, port, key, '-l', 'anybody'), 'envs', '--json'])
    const pusher = key.replace(/.*\//, '')
    t.strictSame(ran, { code: 7, stdout: `${JSON.stringify({ argv: ['envs', '--json'], pusher })}\n`, stderr: '' })
  }
  const sha1 = await ssh([...sshArguments(dir, port, rsa[0]!, '-o', 'PubkeyAcceptedAlgorithms=ssh-rsa'), 'envs'])
  t.match(sha1, { code: 255, stderr: denied }, 'RSA with SHA-1 is no proof')
})

t.test('a key that a security token holds logs in, and only when the token is touched', async (t) => {
  for (const type of ['ed25519', 'ecdsa'] as const) {
    const token = await makeToken(t, dir, type)
    const { server, port } = await startServer([token.file])
    t.teardown(() => server.close())
    const words = () =>
      ssh([...sshArguments(dir, port, `${token.file}.pub`, '-o', `IdentityAgent=${token.agent}`), 'envs'])
    // Numbers of ECDSA are shorter now and then.
    for (let n = 0; n < 10; n++) t.match(await words(), { code: 7, stderr: '' }, type)
    token.touched = false
    t.match(await words(), { code: 255, stderr: denied }, `${type} untouched`)
  }
})

t.test('an unknown key, a password and nothing at all are refused', async (t) => {
  const { server, port, logged } = await startServer([known])
  t.teardown(() => server.close())
  t.match(await ssh([...sshArguments(dir, port, stranger), 'envs']), { code: 255, stdout: '', stderr: denied })
  for (const method of ['password', 'keyboard-interactive', 'none'])
    t.match(
      await ssh([...sshArguments(dir, port, known, '-o', `PreferredAuthentications=${method}`), 'envs']),
      { code: 255, stdout: '', stderr: denied },
      method,
    )
  for (const auth of [{ password: 'x' }, {}]) t.match(await attack(port, auth), /authentication methods failed/)
  t.notOk(logged.some(({ message }) => message === 'logged in' || message === 'session'))
})

t.test('ATTACK: a known public key is offered, but signed with another private key', async (t) => {
  const { server, port, logged } = await startServer([known])
  t.teardown(() => server.close())
  // As OpenSSH does it when the .pub beside the private key is another one's.
  const liar = join(dir, 'liar')
  copyFileSync(stranger, liar)
  copyFileSync(`${known}.pub`, `${liar}.pub`)
  t.match(await ssh([...sshArguments(dir, port, liar), 'envs']), { code: 255, stdout: '' })
  // As a client does it that signs all the same.
  const offered = read(`${known}.pub`)
  const signer = read(stranger)
  class Liar extends ssh2.BaseAgent<ParsedKey> {
    override getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void) {
      done(undefined, [offered])
    }
    override sign(_key: ParsedKey, data: Buffer, _options: unknown, done?: (e: undefined, s?: Buffer) => void) {
      signed++
      done?.(undefined, signer.sign(data) as Buffer)
    }
  }
  let signed = 0
  t.match(await attack(port, { agent: new Liar() }), /authentication methods failed/)
  t.equal(signed, 1, 'the offer was answered, the signature was not believed')
  t.notOk(logged.some(({ message }) => message === 'logged in' || message === 'session'))
})

t.test('who only connects, or says garbage, is gone after the time to log in', async (t) => {
  const { server, port, limits } = await startServer([known], { loginTime: 500 })
  t.teardown(() => server.close())
  const silent = await open(port)
  const started = performance.now()
  const banner = await open(port)
  banner.write('SSH-2.0-idle\r\n')
  await Promise.all([gone(silent), gone(banner)])
  t.ok(performance.now() - started < 10_000)

  for (const bytes of ['\0\x01\xff'.repeat(5000), 'GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n\0\0\0\x0c'.repeat(50)]) {
    const socket = await open(port)
    socket.write(Buffer.from(bytes, 'latin1'))
    await gone(socket)
  }
  const reset = await open(port)
  reset.write('SSH-2.0-x\r\n')
  reset.resetAndDestroy()
  limits.loginTime = 20_000
  t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7, 'others never notice')
})

t.test('who takes longer to log in, as one who looks for a passphrase, is told so', async (t) => {
  const locked = makeKey(dir, 'locked', 'ed25519')
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'a passphrase', '-f', locked])
  const { server, port, logged } = await startServer([locked], { loginTime: 2000 })
  t.teardown(() => server.close())
  const [asks, found] = [join(dir, 'asks'), join(dir, 'found')]
  writeFileSync(asks, `#!/bin/sh\nuntil [ -e ${found} ]; do sleep 0.1; done\necho a passphrase\n`, { mode: 0o755 })
  const env = { SSH_ASKPASS: asks, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }
  const ran = ssh(['-o', 'BatchMode=no', ...sshArguments(dir, port, locked), 'envs'], '', env)
  await until('its time is over', () => logged.some(({ message }) => message === 'login took too long'))
  writeFileSync(found, '')
  t.match(await ran, { code: 255, stderr: /login took longer than 2 s \(limits\.ssh\.loginTime\)/ })
})

t.test('a connection has its number of keys to try, and then is told to name one', async (t) => {
  const { server, port } = await startServer([known], { loginAttempts: 3 })
  t.teardown(() => server.close())
  const others = ['a', 'b', 'c'].map((name) => makeKey(dir, name, 'ed25519'))
  const tried = (count: number) =>
    ssh([...others.slice(0, count).flatMap((key) => ['-i', key]), ...sshArguments(dir, port, known), 'envs'])
  t.equal((await tried(0)).code, 7)
  t.match(await tried(3), { code: 255, stderr: /more than 3 keys were tried \(limits\.ssh\.loginAttempts\).*-i FILE/ })
})

t.test('an address has its number of connections', async (t) => {
  const { server, port } = await startServer([known], { connectionsPerAddress: 3 })
  t.teardown(() => server.close())
  const clients = await Promise.all([1, 2, 3].map(() => login(port)))
  await gone(await open(port))
  t.match(await ssh([...sshArguments(dir, port, known), 'envs']), {
    code: 255,
    stderr: /too many connections from your address, which may have 3 \(limits\.ssh\.connectionsPerAddress\)/,
  })
  clients[0]?.end()
  await until('they are gone', () => server.connections() < 3)
  t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7)
  for (const client of clients) client.end()
})

t.test(
  'ATTACK: connections that only wait keep nobody out, whether from the same address or from a hundred',
  async (t) => {
    const { server, port } = await startServer([known], { connectionsPerAddress: 5, unauthenticated: 10 })
    t.teardown(() => server.close())
    for (const address of [() => '127.0.0.1', (n: number) => `127.0.1.${n + 1}`]) {
      const waiting = await Promise.all(Array.from({ length: 100 }, (_, n) => open(port, address(n))))
      t.ok(server.connections() <= 10, `${server.connections()} stay`)
      t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7)
      for (const socket of waiting) socket.destroy()
    }
  },
)

t.test('ATTACK: a flood of connections beyond the most is held for a second at most, and let go of', async (t) => {
  const { server, port } = await startServer([known], { connectionsPerAddress: 1 })
  t.teardown(() => server.close())
  const first = await login(port)
  const flood = await Promise.all(Array.from({ length: 300 }, () => open(port)))
  await Promise.all(flood.map(gone))
  t.equal(server.connections(), 1)
  first.end()
  await until('they are gone', () => server.connections() === 0)
  t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7)
})

t.test('only the algorithms of the list are offered', async (t) => {
  const { server, port } = await startServer([known])
  t.teardown(() => server.close())
  const weak = [
    'KexAlgorithms=ecdh-sha2-nistp256',
    'Ciphers=aes256-ctr',
    'Ciphers=chacha20-poly1305@openssh.com',
    'HostKeyAlgorithms=ecdsa-sha2-nistp256',
  ]
  for (const option of weak)
    t.match(
      await ssh([...sshArguments(dir, port, known, '-o', option, '-o', 'LogLevel=INFO'), 'envs']),
      { code: 255, stderr: /no matching|Unable to negotiate/ },
      option,
    )
  for (const cipher of ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'])
    t.equal((await ssh([...sshArguments(dir, port, known, '-c', cipher), 'envs'])).code, 7, cipher)
})

function read(file: string): ParsedKey {
  const key = ssh2.utils.parseKey(readFileSync(file))
  if (key instanceof Error || Array.isArray(key)) throw new Error(`cannot read ${file}`)
  if (file.endsWith('.pub')) createPublicKey(key.getPublicPEM())
  return key
}

/** Tries to log in with ssh2's own client; answers the message of its error. */
function attack(port: number, auth: object): Promise<string> {
  return new Promise((resolve) => {
    const client = new ssh2.Client()
    client.on('ready', () => resolve('logged in')).on('error', (error) => resolve(error.message))
    client.connect({ host: '127.0.0.1', port, username: 'x', ...auth })
  })
}

/** Logs in with the known key and stays. */
function login(port: number): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    client.on('ready', () => resolve(client)).on('error', reject)
    client.connect({ host: '127.0.0.1', port, username: 'x', privateKey: readFileSync(known) })
  })
}

/** From this address of the loopback network. */
function open(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => resolve(socket.resume()))
    socket.once('error', reject).on('error', () => {})
  })
}

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => void (socket.destroyed ? resolve() : socket.once('close', () => resolve())))
}
