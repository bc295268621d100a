import t from 'tap'
import { flush, pkt } from '../../../src/receive/pkt-line.ts'
import { type WireHead, WireTap } from '../../../src/receive/wire.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)

async function tapped(chunks: Iterable<Buffer>): Promise<{ head: WireHead; out: Buffer }> {
  const tap = new WireTap()
  const out: Buffer[] = []
  tap.on('data', (chunk: Buffer) => out.push(chunk))
  for (const chunk of chunks) tap.write(chunk)
  tap.end()
  await new Promise((resolve) => tap.once('end', resolve))
  return { head: tap.head, out: Buffer.concat(out) }
}

const push = Buffer.concat([
  pkt(`shallow ${b}`),
  pkt(`${a} ${b} refs/heads/größe\0 report-status side-band-64k agent=git/2.39 \u0001`),
  pkt(`${b} ${a} refs/tags/v1\n`),
  flush,
  Buffer.from('PACK0000zzzz and whatever follows'),
])
const expected = [
  { old: a, new: b, ref: 'refs/heads/größe' },
  { old: b, new: a, ref: 'refs/tags/v1' },
]

t.test('the head is read and the bytes pass unchanged, split at every byte', async (t) => {
  for (let at = 0; at <= push.length; at++) {
    const { head, out } = await tapped([push.subarray(0, at), push.subarray(at)])
    t.same(head, { commands: expected, problem: null, shallow: true, quiet: false }, `split at ${at}`)
    t.ok(out.equals(push))
  }
  const single = await tapped([...push].map((byte) => Buffer.from([byte])))
  t.same(single.head.commands, expected, 'byte by byte')
  t.ok(single.out.equals(push))
})

t.test('a head that is cut off has no list of refs', async (t) => {
  const end = push.indexOf('PACK')
  for (let at = 0; at < end; at++) {
    const { head } = await tapped([push.subarray(0, at)])
    t.match(head.problem, /no list of refs/, `cut at ${at}`)
  }
})

t.test('what is no list of refs is named', async (t) => {
  const one = `${a} ${b} refs/heads/x`
  const table: [Buffer, RegExp][] = [
    [Buffer.from('GET / HTTP/1.1\r\n\r\n'), /malformed/],
    [Buffer.concat([Buffer.from('0001'), pkt(one), flush]), /malformed/],
    [Buffer.concat([pkt('push-cert\0push-options'), flush]), /line .* malformed/],
    [Buffer.concat([pkt(`${a.toUpperCase()} ${b} refs/heads/x`), flush]), /line .* malformed/],
    [Buffer.concat([pkt(''), flush]), /line .* malformed/],
    [
      Buffer.concat([pkt(Buffer.concat([Buffer.from(`${a} ${b} refs/heads/`), Buffer.from([0xff, 0xfe])])), flush]),
      /UTF-8/,
    ],
    [
      Buffer.concat([pkt(Buffer.concat([Buffer.from(`${a} ${b} refs/heads/`), Buffer.from([0xc0, 0xaf])])), flush]),
      /UTF-8/,
    ],
    [Buffer.concat(Array.from({ length: 20_002 }, () => pkt(one))), /too long/],
  ]
  for (const [bytes, problem] of table)
    t.match((await tapped([bytes])).head.problem, problem, bytes.toString('latin1', 0, 60))
})

t.test('a byte-order mark is a part of the name', async (t) => {
  const { head } = await tapped([Buffer.concat([pkt(`${a} ${b} refs/heads/\ufeffx`), flush])])
  t.equal(head.commands[0]?.ref, 'refs/heads/\ufeffx')
})

const capabilities = [
  ['report-status-v2 side-band-64k quiet object-format=sha1 agent=git/2.39.5', true],
  ['quiet', true],
  ['report-status-v2 side-band-64k object-format=sha1 agent=git/2.39.5', false],
  ['report-status quieter agent=quiet/1', false],
] as const

for (const [said, quiet] of capabilities)
  t.test(`'${said}' ${quiet ? 'asks' : 'does not ask'} for quiet`, async (t) => {
    const first = pkt(`${a} ${b} refs/heads/x\0 ${said}`)
    t.equal((await tapped([Buffer.concat([first, flush])])).head.quiet, quiet)
    const shallow = pkt(`shallow ${a}`)
    t.equal((await tapped([Buffer.concat([shallow, first, flush])])).head.quiet, quiet, 'behind the first command')
    const plain = pkt(`${a} ${b} refs/heads/y`)
    t.equal((await tapped([Buffer.concat([plain, first, flush])])).head.quiet, false, 'and nowhere else')
  })
