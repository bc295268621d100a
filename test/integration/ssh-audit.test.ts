// What ssh-audit(1) thinks of the server, and that nobody can leave out a packet unseen (Terrapin, CVE-2023-48795).
import { connect } from 'node:net'
import t from 'tap'
import { run } from '../../src/lib/spawn.ts'
import { makeKey, ssh, sshArguments, startServer } from './ssh-support.ts'

const dir = t.testdir()
const known = makeKey(dir, 'known', 'ed25519')
const { server, port } = await startServer([known])
t.teardown(() => server.close())

const audit = () =>
  run({ argv: ['ssh-audit', '-n', '-p', `${port}`, '127.0.0.1'], env: { PATH: process.env.PATH ?? '', HOME: dir } })

t.test('ssh-audit fails nothing, and warns of nothing that the server could do without', async (t) => {
  const ran = await audit().catch(() => null)
  if (ran === null) return void t.pass('not looked at: ssh-audit is not installed', { skip: true })
  t.match(ran.stdout, /curve25519-sha256/, 'it has looked')
  t.same(
    // Older versions do not know the mark of the strict key exchange.
    ran.stdout.split('\n').filter((line) => /\[(fail|warn)\]/.test(line) && !/kex-strict-s-v00.*unknown/.test(line)),
    [],
  )
})

t.test('key exchange is strict: the server says so, and OpenSSH goes by it', async (t) => {
  const offered = await new Promise<string>((resolve, reject) => {
    let said = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('SSH-2.0-test\r\n'))
    socket.on('error', reject).on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
      if (said.includes('compress') || said.includes('none')) {
        socket.destroy()
        resolve(said)
      }
    })
  })
  t.match(offered, /kex-strict-s-v00@openssh\.com/)
  const ran = await ssh(['-vvv', ...sshArguments(dir, port, known, '-o', 'LogLevel=DEBUG3'), 'envs'])
  if (!/kex-strict-c/.test(ran.stderr))
    return void t.pass('not looked at: this OpenSSH is older than the strict key exchange', { skip: true })
  t.match(ran.stderr, /will use strict KEX ordering/)
})
