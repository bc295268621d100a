import { t } from 'tap'
import { cappedLog } from '../../../src/build/capped-log.ts'
import { splitLines } from '../../../src/build/split-lines.ts'

function split(max: number, ...chunks: (string | Buffer)[]) {
  const lines: (string | [string, 'cut'])[] = []
  const splitter = splitLines(max, (line, cut) => lines.push(cut ? [line, 'cut'] : line))
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string))
  splitter.end()
  return lines
}

t.test('lines come whole however the bytes are cut', async (t) => {
  t.same(split(10, 'a\nb', 'c\n\nd'), ['a', 'bc', '', 'd'])
  t.same(split(10, Buffer.from([0xc3]), Buffer.from([0xa9, 0x0a])), ['é'])
  t.same(split(10, 'crlf\r\n'), ['crlf'])
  t.same(split(10), [])
})

t.test('a line beyond the limit is cut and the next one is whole', async (t) => {
  t.same(split(4, 'abcdefgh', 'ijk\nnext\n'), [['abcd', 'cut'], 'next'])
  t.same(split(4, 'abcde'), [['abcd', 'cut']])
})

t.test('binary noise is text with replacement characters', async (t) => {
  t.same(split(10, Buffer.from([0xff, 0x00, 0x0a])), ['\ufffd\u0000'])
})

t.test('a log stops at its limit and says so once', async (t) => {
  const kept: string[] = []
  const log = cappedLog((line) => kept.push(line), { maxBytes: 10, maxLine: 5 })
  for (const line of ['abc', 'abcdefgh', 'x', 'y']) log(line)
  t.same(kept, ['abc', '(the log is cut here: it is longer than is kept)'])
  const short: string[] = []
  cappedLog((line) => short.push(line), { maxBytes: 100, maxLine: 5 })('abcdefgh')
  t.same(short, ['abcd…'])
})
