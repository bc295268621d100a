import { Duplex, PassThrough } from 'node:stream'
import t from 'tap'
import { readPreReceive, readProcReceive, writeVerdicts } from '../../../src/receive/hook-talk.ts'
import { flush, pkt } from '../../../src/receive/pkt-line.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)

function channel(chunks: readonly Buffer[]): { duplex: Duplex; written: () => string } {
  const input = new PassThrough()
  const written: Buffer[] = []
  const output = new PassThrough().on('data', (chunk: Buffer) => written.push(chunk))
  for (const chunk of chunks) input.write(chunk)
  input.end()
  return {
    duplex: Duplex.from({ readable: input, writable: output }),
    written: () => Buffer.concat(written).toString(),
  }
}

t.test('pre-receive is read up to its dot, split at every byte', async (t) => {
  const bytes = Buffer.from(`${a} ${b} refs/heads/größe\n.\n`)
  for (let at = 0; at <= bytes.length; at++) {
    const { duplex } = channel([bytes.subarray(0, at), bytes.subarray(at)])
    t.equal(await readPreReceive(duplex, 1000), `${a} ${b} refs/heads/größe\n`, `split at ${at}`)
  }
  t.equal(await readPreReceive(channel([Buffer.from('.\n')]).duplex, 9), '')
})

t.test('a hook that says nothing, half of it, or too much has said nothing', async (t) => {
  t.equal(await readPreReceive(channel([]).duplex, 100), null)
  t.equal(await readPreReceive(channel([Buffer.from(`${a} ${b} refs/heads/x\n`)]).duplex, 1000), null)
  t.equal(await readPreReceive(channel([Buffer.from('x'.repeat(101))]).duplex, 100), null)
})

const hello = Buffer.concat([pkt('version=1\0push-options atomic object-format=sha1'), flush])
const commands = Buffer.concat([pkt(`${a} ${b} refs/heads/x`), flush])

t.test('proc-receive is answered with what both sides know', async (t) => {
  const { duplex, written } = channel([hello, commands, Buffer.concat([pkt('trace'), pkt('confirm=live\n'), flush])])
  t.same(await readProcReceive(duplex, 5), {
    updates: [{ old: a, new: b, ref: 'refs/heads/x' }],
    options: ['trace', 'confirm=live'],
    atomic: true,
  })
  t.equal(written(), Buffer.concat([pkt('version=1\0push-options atomic\n'), flush]).toString())
})

t.test('a push without options or atomic offers neither', async (t) => {
  const { duplex, written } = channel([Buffer.concat([pkt('version=1'), flush]), commands])
  t.match(await readProcReceive(duplex, 5), { options: [], atomic: false })
  t.equal(written(), Buffer.concat([pkt('version=1\n'), flush]).toString())
})

t.test('more options than anybody may send are read to their end and cut', async (t) => {
  const many = Buffer.concat([...Array.from({ length: 5000 }, () => pkt(`confirm=${'x'.repeat(9000)}`)), flush])
  const read = await readProcReceive(channel([hello, commands, many]).duplex, 5)
  t.equal(read?.options.length, 100)
  t.equal(read?.options[0]?.length, 4096)
})

t.test('a hook that never ran is no push; one that speaks otherwise is a fault', async (t) => {
  t.equal(await readProcReceive(channel([]).duplex, 5), null)
  await t.rejects(readProcReceive(channel([pkt('version=2'), flush]).duplex, 5), /git speaks version=2/)
  await t.rejects(readProcReceive(channel([hello, pkt('nonsense'), flush]).duplex, 5), /a malformed command/)
  await t.rejects(
    readProcReceive(channel([hello, Buffer.concat(Array(6).fill(pkt(`${a} ${b} x`)))]).duplex, 5),
    /more than 5/,
  )
})

t.test('verdicts are told by ref, and old-oid where the ref was elsewhere', async (t) => {
  const { duplex, written } = channel([])
  writeVerdicts(duplex, [
    { ref: 'refs/heads/x', ok: true },
    { ref: 'refs/heads/y', ok: true, oldOid: a },
    { ref: 'refs/heads/z', ok: false, reason: 'build failed: web exit 1; log d41' },
  ])
  await new Promise((resolve) => duplex.once('finish', resolve))
  const lines = [
    'ok refs/heads/x',
    'ok refs/heads/y',
    `option old-oid ${a}`,
    'ng refs/heads/z build failed: web exit 1; log d41',
  ]
  t.equal(written(), Buffer.concat([...lines.map((line) => pkt(line)), flush]).toString())
})
