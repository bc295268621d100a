import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { flush, maxPayload, pkt, pktReader, section, takePkt } from '../../../src/receive/pkt-line.ts'

t.test('what is encoded is read back, however it is split', async (t) => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(payloads, fc.integer({ min: 1, max: 9 }), async (sent, size) => {
      const bytes = Buffer.concat([...sent.map((payload) => pkt(Buffer.from(payload))), flush])
      const chunks: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
      const read = await section(pktReader(Readable.from(chunks)), 100)
      t.same(
        read,
        sent.map((payload) => Buffer.from(payload)),
      )
    }),
    { numRuns: 60 },
  )
})

t.test('a length is four hex digits and counts itself', async (t) => {
  t.equal(pkt('a').toString(), '0005a')
  t.equal(pkt('').toString(), '0004')
  t.same(takePkt(Buffer.from('0004rest')), {
    pkt: { kind: 'data', payload: Buffer.alloc(0) },
    rest: Buffer.from('rest'),
  })
  t.same(takePkt(Buffer.from('0000rest')), { pkt: { kind: 'flush' }, rest: Buffer.from('rest') })
  t.same(takePkt(Buffer.from('000Aabcdef')), {
    pkt: { kind: 'data', payload: Buffer.from('abcdef') },
    rest: Buffer.alloc(0),
  })
})

t.test('what is not whole yet is waited for', async (t) => {
  for (const text of ['', '0', '000', '0006', '0006a']) t.equal(takePkt(Buffer.from(text)), null, text)
})

t.test('what is no length is refused', async (t) => {
  const bad = [
    '0001',
    '0002',
    '0003',
    'fff5',
    'ffff',
    'zzzz',
    '-001',
    '+005',
    '0x05',
    ' 005',
    '00 5',
    '\0\0\0\0',
    '00\n4',
  ]
  for (const text of bad) t.throws(() => takePkt(Buffer.from(text)), /pkt-line length/, JSON.stringify(text))
})

t.test('the longest payload is the one that git allows', async (t) => {
  const whole = pkt(Buffer.alloc(maxPayload))
  t.equal(whole.toString('latin1', 0, 4), 'fff0')
  t.equal(takePkt(whole)?.rest.length, 0)
  t.throws(() => pkt(Buffer.alloc(maxPayload + 1)), /a pkt-line of 65517 bytes/)
})

t.test('a stream that ends early or says too much is an error', async (t) => {
  await t.rejects(section(pktReader(Readable.from([Buffer.from('0005a')])), 9), /ended early/)
  await t.rejects(section(pktReader(Readable.from([Buffer.from('0009a')])), 9), /ended early/)
  await t.rejects(section(pktReader(Readable.from([Buffer.from('0005a0005b0000')])), 1), /more than 1/)
})
