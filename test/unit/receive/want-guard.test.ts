import { Readable } from 'node:stream'
import t from 'tap'
import { flush, pkt } from '../../../src/receive/pkt-line.ts'
import { NotReachable, WantGuard } from '../../../src/receive/want-guard.ts'

const [good, bad] = ['a'.repeat(40), 'b'.repeat(40)] as [string, string]
const delimiter = Buffer.from('0001')
const request = (...wants: string[]) =>
  Buffer.concat([pkt('command=fetch'), delimiter, ...wants.map((oid) => pkt(`want ${oid}\n`)), pkt('done\n'), flush])

/** What comes through, and what was asked, when the bytes arrive in chunks of this size. */
async function guarded(bytes: Buffer, protocol: string | null, size = bytes.length) {
  const asked: (readonly string[])[] = []
  const guard = new WantGuard(protocol, async (wants) => {
    asked.push(wants)
    return wants.find((oid) => oid === bad) ?? null
  })
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  Readable.from(chunks).pipe(guard)
  const through: Buffer[] = []
  let error: unknown = null
  try {
    for await (const chunk of guard) through.push(chunk)
  } catch (caught) {
    error = caught
  }
  return { asked, error, through: Buffer.concat(through) }
}

t.test('requests pass unchanged, however they are cut', async (t) => {
  const bytes = Buffer.concat([pkt('command=ls-refs\n'), flush, request(good, good), request(good)])
  for (const size of [1, 3, 7, bytes.length]) {
    const { through, asked, error } = await guarded(bytes, 'version=2', size)
    t.equal(error, null)
    t.ok(through.equals(bytes))
    t.same(asked, [[good], [good]])
  }
})

t.test('nothing of a request passes that wants what is not reachable, in none of version 2', async (t) => {
  for (const protocol of ['version=2', 'version=0:version=2', 'version=2:x']) {
    const { through, error } = await guarded(Buffer.concat([request(good), request(good, bad)]), protocol, 5)
    t.type(error, NotReachable)
    t.match(error, { message: `not our ref ${bad}` })
    t.ok(request(good).subarray(0, through.length).equals(through), protocol)
  }
})

t.test('before version 2 wants come once, and what follows has no end of its own', async (t) => {
  const wants = (oid: string) => Buffer.concat([pkt(`want ${oid} side-band-64k\n`), pkt('deepen 1\n'), flush])
  for (const protocol of [null, 'version=1', 'version=12']) {
    const fine = Buffer.concat([wants(good), pkt(`have ${good}\n`), flush, pkt('done\n')])
    t.ok((await guarded(fine, protocol, 9)).through.equals(fine))
    const { through, error } = await guarded(wants(bad), protocol)
    t.type(error, NotReachable)
    t.equal(through.length, 0)
  }
})

t.test('what is no pkt-line, or has no end, passes never', async (t) => {
  for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n'), Buffer.concat(Array(600).fill(pkt('x'.repeat(65_000))))]) {
    const { through, error } = await guarded(bytes, 'version=2', 1024 ** 2)
    t.type(error, Error)
    t.equal(through.length, 0)
  }
})

const lines = (...said: (string | Buffer)[]) => Buffer.concat([...said.map((line) => pkt(line)), flush])

// get_oid_hex of git reads A to F too, and looks at nothing behind the 40th digit.
t.test('a want that git would read passes only when it was looked at', async (t) => {
  for (const protocol of [null, 'version=2']) {
    const { through, error } = await guarded(lines(`want ${bad.toUpperCase()}\n`), protocol)
    t.match(error, { message: `not our ref ${bad}` })
    t.equal(through.length, 0)
    const fine = lines(`want ${good.toUpperCase()} side-band-64k\n`, `want ${good}`)
    const passed = await guarded(fine, protocol)
    t.same(passed.asked, [[good]])
    t.ok(passed.through.equals(fine))
    for (const after of ['0', 'F', 'x', '\0', '\t', bad.slice(16), `\0${good}`, '\r\n']) {
      const { through, error, asked } = await guarded(lines(`want ${good}\n`, `want ${bad}${after}`), protocol)
      t.match(error, { message: 'a want without an id' }, JSON.stringify(after))
      t.same([asked, through.length], [[], 0])
    }
  }
  for (const line of [`want  ${bad}`, `want \t${bad}`, `want ${bad.slice(1)}`, 'want ', 'want refs/heads/main'])
    t.match((await guarded(lines(line), 'version=2')).error, { message: 'a want without an id' }, JSON.stringify(line))
})

t.test('the length of a line is four digits, of either case', async (t) => {
  const long = `want ${bad} ${'x'.repeat(0xa0)}`
  for (const digits of ['00D2', '00d2']) {
    const { error } = await guarded(Buffer.concat([Buffer.from(`${digits}${long}`), flush]), 'version=2')
    t.type(error, NotReachable)
  }
  for (const digits of ['0xd2', ' 0d2', '+0d2', '00 d', '000g', '-001', '00.0'])
    t.match((await guarded(Buffer.from(`${digits}${long}0000`), 'version=2')).error, { message: /not a pkt-line/ })
})

t.test('all of the history is asked for as a depth, of which there is only one way to read it', async (t) => {
  const asked = (depth: string) => lines(`want ${good}`, `shallow ${bad}`, depth)
  for (const protocol of [null, 'version=2']) {
    for (const end of ['', '\n']) {
      const { through } = await guarded(asked(`deepen 2147483647${end}`), protocol, 7)
      t.ok(through.equals(asked(`deepen 2147483646${end}`)))
    }
    for (const depth of ['deepen 1', 'deepen 2147483646\n', 'deepen-relative', 'deepen-since 1', 'deepen-not main'])
      t.ok((await guarded(asked(depth), protocol)).through.equals(asked(depth)))
    for (const depth of [
      '0x7fffffff',
      '017777777777',
      '+2147483647',
      ' 2147483647',
      '6442450943',
      '2147483647\0',
      '-1',
    ])
      t.match((await guarded(asked(`deepen ${depth}`), protocol)).error, { message: /a depth/ }, depth)
  }
})
