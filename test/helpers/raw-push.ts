// A push without git's own client, which would not send what an attacker sends: pkt-lines over `ssh … git-receive-pack`.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { start } from '../../src/lib/spawn.ts'
import { flush, type Pkt, pkt, takePkt } from '../../src/receive/pkt-line.ts'
import { type Key, sshArgv } from './keys.ts'
import { cleanEnv } from './programs.ts'
import type { Project } from './project.ts'
import type { Receiver } from './receiver.ts'

export const zero = '0'.repeat(40)

export interface RawCommand {
  readonly old: string
  readonly new: string
  /** Any bytes but NUL. */
  readonly ref: string | Buffer
}

export interface RawPush {
  readonly name?: string
  readonly key?: Key
  readonly commands: readonly RawCommand[]
  readonly capabilities?: readonly string[]
  readonly options?: readonly string[]
  /** Default: a pack without objects. Null sends none, as for deletions only. */
  readonly pack?: Buffer | null
  /** Sent instead of the commands and everything after them. */
  readonly bytes?: Buffer
}

export interface RawAnswer {
  readonly code: number | null
  /** Refs that were advertised: name → id. */
  readonly refs: ReadonlyMap<string, string>
  /** What `remote:` would show (band 2, and ssh's own stderr). */
  readonly words: string
  /** The lines of report-status: `unpack ok`, `ok REF`, `ng REF WHY`. */
  readonly report: readonly string[]
}

/** A pack without objects (gitformat-pack(5)). */
export function emptyPack(): Buffer {
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1')
  return Buffer.concat([head, createHash('sha1').update(head).digest()])
}

/**
 * A pack of a file of zeros, and of one so many times as large that is a delta of it: a few bytes for each time (gitformat-pack(5)).
 * `oid` is of the large one.
 */
export function zeros(bytes: number, times: number): { readonly pack: Buffer; readonly oid: string } {
  const idOf = (size: number) => createHash('sha1').update(`blob ${size}\0`).update(Buffer.alloc(size)).digest()
  const number = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...number(value >> 7)])
  const header = (type: number, size: number) =>
    Buffer.from(size < 16 ? [type * 16 + size] : [128 + type * 16 + (size % 16), ...number(size >> 4)])
  // Copies all of the base: from its start, with three bytes of length.
  const copy = [0b1111_0000, bytes & 255, (bytes >> 8) & 255, bytes >> 16]
  const delta = Buffer.from([
    ...[...number(bytes), ...number(bytes * times)],
    ...Array.from({ length: times }, () => copy).flat(),
  ])
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\u0002', 'latin1')
  const base = [header(3, bytes), deflateSync(Buffer.alloc(bytes))]
  const large = [header(7, delta.length), idOf(bytes), deflateSync(delta)]
  const pack = Buffer.concat([head, ...base, ...large])
  const whole = Buffer.concat([pack, createHash('sha1').update(pack).digest()])
  return { pack: whole, oid: idOf(bytes * times).toString('hex') }
}

/** A pack of everything that is reachable in a project. */
export async function wholePack(project: Project): Promise<Buffer> {
  const hash = await project.git('pack-objects', '-q', '--all', '--revs', join(project.directory, '.git', 'raw'))
  return readFileSync(join(project.directory, '.git', `raw-${hash.trim()}.pack`))
}

/** Speaks one push and answers what came back. Never throws for a refusal; throws after 30 seconds without an end. */
export async function rawPush(receiver: Receiver, push: RawPush): Promise<RawAnswer> {
  const { name = 'acme/hello-web', key = receiver.key } = push
  const ssh = sshArgv(key, join(receiver.directory, 'known_hosts'))
  const argv: [string, ...string[]] = [...ssh, '-p', `${receiver.sshPort}`, 'git@127.0.0.1']
  const child = start({ argv: [...argv, `git-receive-pack '${name}.git'`], env: cleanEnv(receiver.home) }, [
    'pipe',
    'pipe',
    'pipe',
  ])
  const { stdin, stdout, stderr } = child
  if (!stdin || !stdout || !stderr) throw new Error('ssh was started without pipes')
  stdin.on('error', () => undefined)
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
  const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  let words = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text
  })

  const refs = new Map<string, string>()
  const bands = { 1: Buffer.alloc(0), 2: Buffer.alloc(0), 3: Buffer.alloc(0) } as Record<number, Buffer>
  let advertised = false
  const take = ({ payload }: Extract<Pkt, { kind: 'data' }>) => {
    if (advertised) {
      const band = payload[0] ?? 0
      bands[band] = Buffer.concat([bands[band] ?? Buffer.alloc(0), payload.subarray(1)])
      return
    }
    const [line = ''] = payload.toString('utf8').split('\0')
    const [id = '', ref = ''] = line.trimEnd().split(' ')
    if (ref !== 'capabilities^{}') refs.set(ref, id)
  }
  let bytes: Buffer = Buffer.alloc(0)
  stdout.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (let taken = takePkt(bytes); taken; taken = takePkt(bytes)) {
      bytes = taken.rest
      if (taken.pkt.kind === 'data') take(taken.pkt)
      else if (!advertised) {
        advertised = true
        stdin.end(push.bytes ?? request(push))
      }
    }
  })
  const code = await closed
  clearTimeout(timer)
  if (child.signalCode === 'SIGKILL') throw new Error(`no end of the push within 30 s\n${words}`)
  return {
    code,
    refs,
    words: words + (bands[2]?.toString('utf8') ?? '') + (bands[3]?.toString('utf8') ?? ''),
    report: reportLines(bands[1] ?? Buffer.alloc(0)),
  }
}

/** Everything that a client says after the advertisement (gitprotocol-pack(5)). */
export function request({ commands, capabilities = [], options, pack = emptyPack() }: RawPush): Buffer {
  const asked = ['report-status', 'side-band-64k', ...capabilities, ...(options ? ['push-options'] : [])].join(' ')
  const lines = commands.map((command, i) =>
    pkt(
      Buffer.concat([
        Buffer.from(`${command.old} ${command.new} `),
        Buffer.from(command.ref),
        Buffer.from(i === 0 ? `\0 ${asked}` : ''),
      ]),
    ),
  )
  const said = options ? [...options.map((option) => pkt(option)), flush] : []
  return Buffer.concat([...lines, flush, ...said, ...(pack ? [pack] : [])])
}

function reportLines(bytes: Buffer): string[] {
  const lines: string[] = []
  let rest = bytes
  for (let taken = takePkt(rest); taken; taken = takePkt(rest)) {
    rest = taken.rest
    if (taken.pkt.kind === 'data') lines.push(taken.pkt.payload.toString('utf8').trimEnd())
  }
  return lines
}
