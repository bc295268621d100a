import { t } from 'tap'
import { byteDelta, byteSize, count, durationText } from '../../../src/report/units.ts'
import { columns, cutColumns } from '../../../src/report/width.ts'
import { WIDTH, wrap } from '../../../src/report/wrap.ts'
import { asGitWrites, screen } from '../../helpers/screen.ts'

t.test('words wrap under the text, with the indentation of the line', async (t) => {
  const lines = wrap(`  at ${'word '.repeat(30)}`, { first: '-----> ' })
  t.equal(lines[0], `-----> ${'  at'}${' word'.repeat(12)}`)
  t.ok(lines.slice(1).every((line) => line.startsWith('       word')))
})

t.test('a URL and a command are never broken', async (t) => {
  const url = `http://${'a'.repeat(100)}/`
  t.ok(wrap(`Live at ${url} (release 7)`, { first: '-----> ' }).some((line) => line.includes(url)))
  const command = `ssh -p 2222 hostenv@${'h'.repeat(80)} logs d41`
  t.ok(wrap(`Whole log: ${command}`, { first: '' }).some((line) => line.endsWith(command)))
  t.ok(wrap(command, { first: '       ' }).some((line) => line.endsWith(command)))
})

t.test('at most so many lines, the last one says that it is cut', async (t) => {
  const lines = wrap('x'.repeat(1000), { first: '  ', maxLines: 3 })
  t.equal(lines.length, 3)
  t.ok(lines[2]?.endsWith('…'))
  t.ok(lines.every((line) => columns(line) <= 71))
})

t.test('the longest line is there to its last character on 80 columns, which git clears behind', async (t) => {
  const [line = ''] = wrap('x'.repeat(1000), { first: '  ' })
  t.equal(columns(line), WIDTH)
  t.equal(screen(asGitWrites(`${line}\n`))[0], `remote: ${line}`)
  t.not(screen(asGitWrites(`${line}x\n`))[0], `remote: ${line}x`, 'one more would not be')
})

t.test('nothing is a line of its own', async (t) => {
  t.same(wrap('', { first: '-----> ' }), ['----->'])
})

t.test('display width', async (t) => {
  const table: readonly (readonly [string, number])[] = [
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['→ …', 3],
    ['\u200b', 0],
    ['ｆｕｌｌ', 8],
  ]
  for (const [text, width] of table) t.equal(columns(text), width, text)
  t.same(cutColumns('日本語', 4), ['日本', '語'])
  t.same(cutColumns('日', 1), ['日', ''])
})

t.test('sizes and times', async (t) => {
  const sizes = [0, 512, 1023, 1024, 1_258_291, 190_840_832, 1024 ** 2 - 1, 5 * 1024 ** 3]
  t.same(sizes.map(byteSize), ['0 B', '512 B', '1023 B', '1 KiB', '1.2 MiB', '182 MiB', '1 MiB', '5 GiB'])
  t.same([1, -2048, 0].map(byteDelta), ['+1 B', '-2 KiB', '0 B'])
  const times = [0.4, 34, 999.4, 999.6, 6200, 9960, 59_400, 59_600, 125_000]
  t.same(times.map(durationText), ['0 ms', '34 ms', '999 ms', '1.0 s', '6.2 s', '10 s', '59 s', '1 min', '2 min 5 s'])
  t.same([count(1, 'line'), count(0, 'line')], ['1 line', '0 lines'])
})
