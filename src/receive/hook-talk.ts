// The receiver's side of the two hooks. The descriptors are inherited, so a hook cannot speak for another push.
import type { Duplex } from 'node:stream'
import type { RefUpdate, Verdict } from '../records.ts'
import { flush, PktError, pkt, pktReader, section } from './pkt-line.ts'
import { parseCommand } from './ref-name.ts'

/** Reads pre-receive's input up to its closing dot; null when the hook never spoke. */
export async function readPreReceive(channel: Duplex, most: number): Promise<string | null> {
  let text = ''
  // The answer goes back on the same socket, so leaving the loop must not close it.
  for await (const chunk of channel.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8')
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
  const options = offered.has('push-options') ? await section(next, 1000) : []
  return {
    updates,
    options: options.map((option) => option.toString('utf8').replace(/\n$/, '')),
    atomic: offered.has('atomic'),
  }
}

/** Answers every ref and closes this side. `ok` means that the ref has moved. */
export function writeVerdicts(channel: Duplex, verdicts: readonly Verdict[]): void {
  const lines = verdicts.flatMap((verdict) => {
    if (!verdict.ok) return [pkt(`ng ${verdict.ref} ${verdict.reason}`)]
    return [pkt(`ok ${verdict.ref}`), ...(verdict.oldOid ? [pkt(`option old-oid ${verdict.oldOid}`)] : [])]
  })
  channel.end(Buffer.concat([...lines, flush]))
}
