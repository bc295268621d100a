// What a session may do, and how it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Client } from 'ssh2'
import t from 'tap'
import { ssh2 } from '../../src/transport/ssh2.ts'
import { until } from '../helpers/agree.ts'
import { makeKey, ssh, sshArguments, startServer } from './ssh-support.ts'

const dir = t.testdir()
const known = makeKey(dir, 'known', 'ed25519')

t.test('git commands get their bytes, their protocol and their exit status', async (t) => {
  const { server, port } = await startServer([known])
  t.teardown(() => server.close())
  const args = (...more: string[]) => sshArguments(dir, port, known, ...more)
  t.strictSame(await ssh([...args(), "git-receive-pack 'echo'"], 'bytes'), {
    code: 0,
    stdout: 'bytes',
    stderr: 'echoed\n',
  })
  const facts = async (protocol: string) =>
    JSON.parse(
      (await ssh([...args('-o', 'SendEnv=GIT_PROTOCOL'), "git-upload-pack 'facts'"], '', { GIT_PROTOCOL: protocol }))
        .stdout,
    )
  t.strictSame(await facts('version=2'), { service: 'git-upload-pack', gitProtocol: 'version=2', pusher: 'known' })
  t.equal((await facts('version=2:object-format=sha1')).gitProtocol, 'version=2:object-format=sha1')
  for (const bad of ['version=2;id', 'version=22', 'x', 'version=2:\u001b[2J', `version=2:${'x'.repeat(300)}`])
    t.equal((await facts(bad)).gitProtocol, null, JSON.stringify(bad.slice(0, 20)))
  t.equal((await ssh([...args(), "git-upload-pack 'facts'"])).code, 3)
  t.equal((await ssh([...args(), "git-receive-pack 'killed'"])).code, 255, 'OpenSSH exits 255 for a signal')
  t.match(await signalOf(port), { code: undefined, signal: 'KILL' })
  t.match(await ssh([...args(), "git-receive-pack 'unread'"], 'x'.repeat(8_000_000)), { code: 4, stdout: 'bye\n' })
  t.match(await ssh([...args(), "git-receive-pack 'no such'"]), { code: 1, stderr: /went wrong on the server/ })
})

t.test('nothing but git and words: no shell, forwarding, agent or subsystem; a terminal is for words', async (t) => {
  const { server, port } = await startServer([known])
  t.teardown(() => server.close())
  const args = (...more: string[]) => sshArguments(dir, port, known, ...more)
  t.match(await ssh(args()), { code: 1, stdout: /"argv":\["help"\]/ }, 'a shell is the help')
  t.match(await ssh([...args(), 'envs; id']), { code: 1, stdout: '', stderr: /no shell here/ })
  t.match(await ssh([...args('-tt', '-o', 'LogLevel=INFO'), 'envs']), {
    code: 7,
    stdout: /"argv":\["envs"\]/,
  })
  t.match(await ssh([...args('-A', '-X'), 'envs'], '', { DISPLAY: ':0', SSH_AUTH_SOCK: '/nonexistent' }), { code: 7 })
  t.match(await ssh(args('-W', `127.0.0.1:${port}`)), { code: 255, stderr: /prohibited|forwarding failed/ })
  const client = await connected(port)
  const refused = await new Promise((resolve) =>
    client.openssh_forwardOutStreamLocal('/run/x.sock', (error) => resolve(error?.message)),
  )
  t.match(refused, /open failure/)
  client.end()
  t.match(await ssh([...args('-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:1'), 'envs']), {
    code: 255,
    stderr: /forwarding/,
  })
  t.match(await ssh([...args('-s'), 'sftp']), { code: 255, stderr: /subsystem request failed/ })
  t.match(
    await ssh([...args('-L', `${port + 1}:127.0.0.1:${port}`), 'envs']),
    { code: 7 },
    'an unused -L harms nothing',
  )
})

t.test('a connection has its number of channels', async (t) => {
  const { server, port } = await startServer([known], { channelsPerConnection: 2 })
  t.teardown(() => server.close())
  const client = await connected(port)
  t.teardown(() => client.end())
  const exec = (command: string) =>
    new Promise<string>((resolve) =>
      client.exec(command, (error, channel) => {
        if (error) return resolve('refused')
        let said = ''
        channel.stderr.on('data', (text: Buffer) => {
          said += text
        })
        channel.resume().on('close', (code: number) => resolve(`exit ${code} ${said}`.trim()))
        if (command === 'hang') resolve('hangs')
      }),
    )
  t.strictSame(await Promise.all([exec('hang'), exec('hang')]), ['hangs', 'hangs'])
  const full = 'exit 1 hostenv: this connection has 2 sessions already (limits.ssh.channelsPerConnection)'
  t.equal(await exec('envs'), full)
  t.equal(await exec('envs'), full, 'and goes on serving the others')
})

t.test('ATTACK: a packet size of zero, on which the write loop would never end', async (t) => {
  const { server, port } = await startServer([known])
  t.teardown(() => server.close())
  const client = await connected(port)
  const inner = client as unknown as { _protocol: { session(channel: number, window: number, size: number): void } }
  inner._protocol.session(0, 1 << 21, 0)
  await once(client, 'close')
  t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7)
})

t.test('ATTACK: more bytes than the window allows', async (t) => {
  const { server, port, logged } = await startServer([known])
  t.teardown(() => server.close())
  const client = await connected(port)
  client.on('error', () => {})
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  client.exec('hang', (_error, channel) => {
    const inner = client as unknown as { _protocol: { channelData(channel: number, data: Buffer): void } }
    const { id } = (channel as unknown as { outgoing: { id: number } }).outgoing
    // ssh2 drops what comes when the window is exactly zero, and nothing once it is below.
    const flood = () => {
      for (let i = 0; i < 32; i++) inner._protocol.channelData(id, Buffer.alloc(30_000))
    }
    const timer = setInterval(flood, 5)
    closed.then(() => clearInterval(timer))
  })
  await closed
  t.ok(logged.some(({ message }) => message.includes('does not keep to its window')))
})

t.test('a client that hangs up is noticed, and harms nobody', async (t) => {
  let aborted = 0
  const { server, port, logged } = await startServer(
    [known],
    {},
    {
      async git(session) {
        session.closed.addEventListener('abort', () => aborted++)
        const timer = setInterval(() => {
          session.stdout.write('x'.repeat(100_000))
          session.stderr.write('y'.repeat(100_000))
        }, 1)
        await once(session.closed, 'abort')
        // What is written after the end is dropped, without an error.
        await new Promise((resolve) => setTimeout(resolve, 50))
        clearInterval(timer)
        session.exit(0)
      },
    },
  )
  t.teardown(() => server.close())
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const child = spawn('ssh', [...sshArguments(dir, port, known), "git-upload-pack 'x'"], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    await once(child.stdout, 'data')
    child.kill(signal)
    await once(child, 'close')
  }
  const client = await connected(port)
  client.exec("git-upload-pack 'x'", (_error, channel) => channel.once('data', () => channel.close()))
  await until('all three are noticed', () => aborted === 3)
  client.end()
  t.notOk(logged.some(({ level }) => level === 'error'))
  t.equal((await ssh([...sshArguments(dir, port, known), 'envs'])).code, 7)
})

t.test('a server that shuts down says so to new sessions and lets the others end', async (t) => {
  const { server, port } = await startServer([known])
  const child = spawn('ssh', [...sshArguments(dir, port, known), "git-receive-pack 'echo'"], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.write('a')
  await once(child.stdout, 'data')
  server.refuseNew()
  t.strictSame(await ssh([...sshArguments(dir, port, known), "git-receive-pack 'echo'"]), {
    code: 1,
    stdout: '',
    stderr: 'hostenv is shutting down; push again in a moment\n',
  })
  child.stdin.end('b')
  t.equal((await once(child, 'close'))[0], 0)

  const client = await connected(port)
  client.on('error', () => {})
  client.exec('hang', () => {})
  const started = performance.now()
  await Promise.all([server.close(), once(client, 'close')])
  t.ok(performance.now() - started < 10_000)
  await t.rejects(connected(port), { code: 'ECONNREFUSED' })
})

t.test('who was just told how a command ended learns it, though the server shuts down', async (t) => {
  for (let n = 0; n < 10; n++) {
    const { server, port } = await startServer([known])
    const child = spawn('ssh', [...sshArguments(dir, port, known), "git-receive-pack 'unread'"])
    const ended = once(child, 'close')
    await once(child.stdout, 'data')
    await server.close()
    t.equal((await ended)[0], 4)
  }
})

t.test('a key that loses its rights loses its open connections, sessions and all; others stay', async (t) => {
  const other = makeKey(dir, 'other', 'ed25519')
  const closed = Promise.withResolvers<string>()
  const entered: string[] = []
  const both = Promise.withResolvers<void>()
  const { server, port } = await startServer(
    [known, other],
    {},
    {
      async word(session) {
        entered.push(session.pusher.name)
        if (entered.length === 2) both.resolve()
        await new Promise((resolve) => session.closed.addEventListener('abort', resolve))
        closed.resolve(session.pusher.name)
        return 0
      },
    },
  )
  t.teardown(() => server.close())
  const lost = ssh([...sshArguments(dir, port, known), 'envs'])
  const kept = ssh([...sshArguments(dir, port, other), 'envs'])
  await both.promise
  const end = (key: string) => server.endWhere(({ name }) => name === key)
  t.equal(end('known'), 1)
  t.match(await lost, { code: 255 })
  t.equal(await closed.promise, 'known')
  t.equal(end('known'), 0)
  t.equal(await Promise.race([kept.then(() => 'ended'), 'stays']), 'stays')
  t.equal(end('other'), 1)
  await kept
})

async function connected(port: number): Promise<Client> {
  const client = new ssh2.Client()
  client.connect({ host: '127.0.0.1', port, username: 'x', privateKey: readFileSync(known), strictVendor: false })
  await once(client, 'ready')
  return client
}

async function signalOf(port: number): Promise<{ code: unknown; signal: unknown }> {
  const client = await connected(port)
  const [code, signal] = await new Promise<unknown[]>((resolve) =>
    client.exec("git-receive-pack 'killed'", (_error, channel) =>
      channel.resume().on('exit', (...how: unknown[]) => resolve(how)),
    ),
  )
  client.end()
  return { code: code ?? undefined, signal: String(signal).replace(/^SIG/, '') }
}
