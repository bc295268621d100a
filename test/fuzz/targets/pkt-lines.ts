// pkt-lines, and the head of a push that is made of them. Right is: what another decoder reads, however the bytes are cut; and that
// all bytes pass through unchanged.
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { maxPayload, PktError, pkt, pktReader } from '../../../src/receive/pkt-line.ts'
import { WireTap } from '../../../src/receive/wire.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

/** Payloads and what comes after them; each character is a byte. Null is a flush. */
interface Input {
  readonly payloads: readonly (string | null)[]
  readonly rest: string
  /** Lengths of the chunks, used over and over. */
  readonly cuts: readonly number[]
}

const bytes = (most: number) => fc.uint8Array({ maxLength: most }).map((all) => Buffer.from(all).toString('latin1'))
const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 })
const utf8 = (text: string) => Buffer.from(text).toString('latin1')
const kept = corpus<string>('pkt-lines').map(utf8)
const command = fc
  .tuple(id, id, oddText, fc.constantFrom('', '\0 report-status quiet', '\0quiet', '\n', ' \0'))
  .map(([old, next, name, end]) => utf8(`${old} ${next} refs/heads/${name}${end}`))
const payload = fc.oneof(
  { weight: 5, arbitrary: command },
  { weight: 1, arbitrary: id.map((commit) => `shallow ${commit}`) },
  { weight: 1, arbitrary: bytes(60) },
  { weight: 1, arbitrary: fc.constant(null) },
)

export const pktLines: Target<Input> = {
  inputs: fc.record({
    payloads: fc.array(payload, { maxLength: 8 }),
    rest: fc.oneof(fc.constant(''), fc.constant('0000PACK'), bytes(20), mutated(kept).map(utf8)),
    cuts: fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }),
  }),
  corpus: kept.map((rest) => ({ payloads: [], rest, cuts: [1] })),
  async check({ payloads, rest, cuts }) {
    const sent = payloads.map((payload) =>
      payload === null ? Buffer.from('0000') : pkt(Buffer.from(payload, 'latin1')),
    )
    const whole = Buffer.concat([...sent, Buffer.from(rest, 'latin1')])
    const { lines, ended } = decode(whole)
    mustEqual(lines.slice(0, payloads.length), payloads, 'what was encoded')

    const chunks: Buffer[] = []
    for (let at = 0, n = 0; at < whole.length; n++) {
      const next = at + (cuts[n % cuts.length] as number)
      chunks.push(whole.subarray(at, next))
      at = next
    }
    const next = pktReader(Readable.from(chunks))
    const read: (string | null)[] = []
    try {
      for (;;) {
        const one = await next()
        read.push(one.kind === 'flush' ? null : one.payload.toString('latin1'))
      }
    } catch (error) {
      must(error instanceof PktError, `not a PktError: ${error}`)
      must(/ended early/.test(error.message) === (ended !== 'no length'), `${error.message}, but the end is ${ended}`)
    }
    mustEqual(read, lines, `what is read in pieces of ${cuts}`)

    const tap = new WireTap()
    const passed = await buffer(Readable.from(chunks).pipe(tap))
    must(passed.equals(whole), 'the bytes that pass are others')
    must(tap.size === whole.length && tap.silent === (whole.length === 0), 'the bytes are counted wrongly')
    const head = headOf(lines)
    must((tap.head.problem === null) === (head !== null), `the head is ${tap.head.problem ?? 'fine'}`)
    if (head !== null) {
      const { commands, shallow, quiet } = tap.head
      mustEqual({ commands, shallow, quiet }, head, 'the head')
    }
  },
}

// gitprotocol-common(5), by another way than the product's.
function decode(bytes: Buffer): { lines: (string | null)[]; ended: 'no length' | 'in the middle' | 'whole' } {
  const text = bytes.toString('latin1')
  const lines: (string | null)[] = []
  for (let at = 0; at < text.length; ) {
    const length = /^[0-9A-Fa-f]{4}/.exec(text.slice(at, at + 4))
    if (length === null) return { lines, ended: text.length - at < 4 ? 'in the middle' : 'no length' }
    const size = Number(`0x${length[0]}`)
    if (size > 0 && (size < 4 || size > maxPayload + 4)) return { lines, ended: 'no length' }
    if (size === 0) lines.push(null)
    else if (at + size > text.length) return { lines, ended: 'in the middle' }
    else lines.push(text.slice(at + 4, at + size))
    at += Math.max(4, size)
  }
  return { lines, ended: 'whole' }
}

// gitprotocol-pack(5), update-requests: everything up to the first flush; null where something is wrong with it.
function headOf(lines: readonly (string | null)[]) {
  const end = lines.indexOf(null)
  if (end === -1) return null
  const commands: { old: string; new: string; ref: string }[] = []
  let [shallow, quiet] = [false, false]
  for (const line of lines.slice(0, end) as string[]) {
    const [said = '', capabilities] = [
      line.split('\0')[0],
      line.includes('\0') ? line.slice(line.indexOf('\0') + 1) : '',
    ]
    if (commands.length === 0 && line.includes('\0')) quiet = ` ${capabilities.trim()} `.includes(' quiet ')
    const text = Buffer.from(said, 'latin1').toString('utf8')
    if (Buffer.from(text).toString('latin1') !== said) return null
    const plain = text.replace(/\n$/, '')
    if (plain.startsWith('shallow ')) shallow = true
    else if (!/^(?:[0-9a-f]{40} ){2}[\s\S]/.test(plain)) return null
    else commands.push({ old: plain.slice(0, 40), new: plain.slice(41, 81), ref: plain.slice(82) })
  }
  return { commands, shallow, quiet }
}
