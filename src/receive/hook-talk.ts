// The receiver's side of the two hooks. The descriptors are inherited, so a hook cannot speak for another push.
import type { Duplex } from 'node:stream'
import type { RefUpdate, Verdict } from '../records.ts'
import { flush, type Pkt, PktError, pkt, pktReader, section } from './pkt-line.ts'
import { parseCommand } from './ref-name.ts'

/** Reads pre-receive's input up to its closing dot; null when the hook never spoke, or said more than `most` characters. */
export async function readPreReceive(channel: Duplex, most: number): Promise<string | null> {
  // A name may be cut in the middle of a character by the end of a chunk.
  const decoder = new TextDecoder()
  let text = ''
  // The answer goes back on the same socket, so leaving the loop must not close it.
  for await (const chunk of channel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += decoder.decode(chunk, { stream: true })
    if (text === '.\n' || text.endsWith('\n.\n')) return text.slice(0, -2)
    if (text.length > most) return null
  }
  return null
}

export interface ProcReceive {
  readonly updates: readonly RefUpdate[]
  readonly options: readonly string[]
  readonly atomic: boolean
}

/** What is kept of the options: one more than anybody may send, so that too many can be told from enough. */
const keptOptions = 100
const keptOptionBytes = 4096

/** Speaks githooks(5) proc-receive up to the verdicts. Null when the hook never ran; throws PktError when it speaks otherwise. */
export async function readProcReceive(channel: Duplex, most: number): Promise<ProcReceive | null> {
  const next = pktReader(channel)
  let hello: Buffer[]
  try {
    hello = await section(next, 8)
  } catch (error) {
    if (error instanceof PktError) return null
    throw error
  }
  const [version, capabilities = ''] = (hello[0]?.toString('utf8') ?? '').replace(/\n$/, '').split('\0')
  if (version !== 'version=1') throw new PktError(`git speaks ${version}`)
  const offered = new Set(capabilities.split(' '))
  const taken = ['push-options', 'atomic'].filter((name) => offered.has(name))
  channel.write(Buffer.concat([pkt(`version=1${taken.length > 0 ? `\0${taken.join(' ')}` : ''}\n`), flush]))
  const updates = (await section(next, most)).map((payload) => {
    const command = parseCommand(payload.toString('utf8').replace(/\n$/, ''))
    if (!command) throw new PktError('a malformed command')
    return command
  })
  const options = offered.has('push-options') ? await readOptions(next) : []
  return {
    updates,
    options,
    atomic: offered.has('atomic'),
  }
}

// Read to their end whatever their number, so that what is refused is the push, with a reason, and not the conversation.
async function readOptions(next: () => Promise<Pkt>): Promise<string[]> {
  const options: string[] = []
  for (let read = await next(); read.kind === 'data'; read = await next())
    if (options.length < keptOptions)
      options.push(read.payload.subarray(0, keptOptionBytes).toString('utf8').replace(/\n$/, ''))
  return options
}

/** Answers every ref and closes this side. `ok` means that the ref has moved. */
export function writeVerdicts(channel: Duplex, verdicts: readonly Verdict[]): void {
  const lines = verdicts.flatMap((verdict) => {
    if (!verdict.ok) return [pkt(`ng ${verdict.ref} ${verdict.reason}`)]
    return [pkt(`ok ${verdict.ref}`), ...(verdict.oldOid ? [pkt(`option old-oid ${verdict.oldOid}`)] : [])]
  })
  channel.end(Buffer.concat([...lines, flush]))
}
