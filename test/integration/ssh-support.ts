// A server with stub handlers and the real OpenSSH client against it. Loopback, random ports, all files in t.testdir.
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { generateHostKey, parsePublicKey } from '../../src/transport/key.ts'
import { createSshServer } from '../../src/transport/ssh/server.ts'
import {
  defaultSshLimits,
  type GitSession,
  type OfferedKey,
  type SshHandlers,
  type SshLimits,
} from '../../src/transport/ssh/types.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Makes a key pair with ssh-keygen; answers the private file. */
export function makeKey(dir: string, name: string, ...type: string[]): string {
  const file = join(dir, name)
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', name, '-f', file, '-t', ...type])
  return file
}

/** The arguments that keep the user's own configuration and agent out. */
export function sshArguments(dir: string, port: number, key: string, ...more: string[]): string[] {
  const options = {
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    UserKnownHostsFile: join(dir, 'known_hosts'),
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'no',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
  }
  const said = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return ['-F', '/dev/null', '-p', String(port), '-i', key, ...more, ...said, '127.0.0.1']
}

/** Runs `ssh` to its end. */
export async function ssh(args: string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn('ssh', args, { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env } })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await closed, stdout, stderr }
}

/** Git sessions by path; words answer their arguments as JSON and exit 7. */
const stubHandlers: Omit<SshHandlers, 'identify'> = {
  socket: async () => null,
  async git(session) {
    const serve = services[session.path]
    if (!serve) throw new Error('a fault of the handler')
    await serve(session)
  },
  async word({ argv, pusher, stdout, closed }) {
    if (argv[0] === 'hang') await new Promise((resolve) => closed.addEventListener('abort', resolve))
    stdout.write(`${JSON.stringify({ argv, pusher: pusher.name })}\n`)
    return 7
  },
}

const services: Record<string, (session: GitSession) => Promise<void>> = {
  async echo({ stdin, stdout, stderr, exit }) {
    await pipeline(stdin, stdout)
    stderr.write('echoed\n')
    exit(0)
  },
  async facts({ service, gitProtocol, pusher, stdout, exit }) {
    stdout.write(JSON.stringify({ service, gitProtocol, pusher: pusher.name }))
    exit(3)
  },
  async killed({ exitSignal }) {
    exitSignal('SIGKILL')
  },
  async unread({ stdout, exit }) {
    stdout.write('bye\n')
    exit(4)
  },
  async sink({ stdin, stdout, exit }) {
    let bytes = 0
    // A slow reader at first, then one that keeps up.
    await new Promise((resolve) => setTimeout(resolve, 600))
    for await (const chunk of stdin) bytes += (chunk as Buffer).length
    stdout.write(`${bytes}`)
    exit(0)
  },
  async source({ stdout, exit }) {
    const chunk = Buffer.alloc(64 * 1024)
    await pipeline(Readable.from(repeat(chunk, (200 * 1024 * 1024) / chunk.length)), stdout)
    exit(0)
  },
  async both({ stdout, stderr, exit }) {
    // More than a window of each, so that both have to wait by turns.
    for (let i = 0; i < 100; i++) {
      stdout.write(Buffer.alloc(64 * 1024, 'o'))
      stderr.write(Buffer.alloc(64 * 1024, 'e'))
    }
    exit(0)
  },
}

function* repeat(chunk: Buffer, times: number) {
  for (let i = 0; i < times; i++) yield chunk
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Starts a server that knows the keys in `known` (private files). What becomes of its `limits` holds for connections that come later. */
export async function startServer(known: string[], less: Partial<SshLimits> = {}, handlers: Partial<SshHandlers> = {}) {
  const names = new Map(
    known.map((file) => [parsePublicKey(readFileSync(`${file}.pub`, 'utf8')).fingerprint, file.replace(/.*\//, '')]),
  )
  const logged: { level: string; message: string; fields: object }[] = []
  const level = (level: string) => (fields: object, message: string) => void logged.push({ level, message, fields })
  const limits: Mutable<SshLimits> = { ...defaultSshLimits, ...less }
  const server = createSshServer({
    ...{ hostKey: generateHostKey().privateKey, limits },
    log: { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') },
    handlers: {
      identify: ({ fingerprint }: OfferedKey) => {
        const name = names.get(fingerprint)
        return name === undefined ? null : { name, fingerprint, admin: false }
      },
      ...stubHandlers,
      ...handlers,
    },
  })
  const { port } = await server.listen('127.0.0.1', 0)
  return { server, port, logged, limits }
}

// As a program: a server in a process of its own, so that its memory can be measured. Arguments: private key files.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { server, port } = await startServer(process.argv.slice(2))
  process.stdout.write(`${port}\n`)
  process.stdin.on('end', () => server.close()).resume()
}
