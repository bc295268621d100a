// OpenSSH's sshd for a peer: own port, own keys, curve25519, and nothing of the machine's configuration.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { start } from '../../src/lib/spawn.ts'
import { type Key, makeKey, sshArgv } from '../../test/helpers/keys.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Ending } from '../../test/helpers/temp-dir.ts'

export interface Sshd {
  readonly port: number
  readonly key: Key
  /** Value of GIT_SSH_COMMAND. */
  readonly sshCommand: string
  readonly argv: readonly [string, ...string[]]
  url(path: string): string
}

/** Starts sshd in the foreground; `authorized` are the lines of authorized_keys(5), made from the client's public key. */
export async function startSshd(
  ending: Ending,
  directory: string,
  authorized: (key: Key) => string = ({ publicKey }) => publicKey,
): Promise<Sshd> {
  mkdirSync(directory, { recursive: true })
  const key = await makeKey(directory, 'client')
  const hostKey = await makeKey(directory, 'host')
  const port = await freePort()
  writeFileSync(join(directory, 'authorized_keys'), `${authorized(key)}\n`, { mode: 0o600 })
  writeFileSync(
    join(directory, 'sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${hostKey.file}`,
      `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
      ...['StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password'],
      ...['KexAlgorithms curve25519-sha256', 'MaxStartups 100', 'PidFile none', 'PrintMotd no', 'PrintLastLog no'],
      'PermitUserEnvironment no',
      '',
    ].join('\n'),
  )
  const argv = ['/usr/sbin/sshd', '-D', '-e', '-f', join(directory, 'sshd_config')] as const
  const daemon = start({ argv: [...argv], env: cleanEnv(directory) }, ['ignore', 'ignore', 'ignore'])
  ending.teardown(() => daemon.kill('SIGTERM'))
  await listening(port)
  const client = sshArgv(key, join(directory, 'known_hosts'))
  return {
    ...{ port, key, sshCommand: client.join(' '), argv: [...client, '-p', `${port}`, 'root@127.0.0.1'] },
    url: (path) => `ssh://root@127.0.0.1:${port}/${path.replace(/^\//, '')}`,
  }
}

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Resolves once something accepts connections on a port of 127.0.0.1; throws after ten seconds. */
export async function listening(port: number): Promise<void> {
  const { connect } = await import('node:net')
  for (const until = Date.now() + 10_000; Date.now() < until; ) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await sleep(5)
  }
  throw new Error(`nothing listens on port ${port}`)
}
