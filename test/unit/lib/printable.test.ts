import t from 'tap'
import { printable, printableLines } from '../../../src/lib/printable.ts'

const table: [string, string][] = [
  ['plain ünï', 'plain ünï'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]0;title\u0007after', 'after'],
  ['\u001b]8;;http://evil\u001b\\link', 'link'],
  ['\u001bPdcs\u001b\\x', 'x'],
  ['\u009b2Jclear', 'clear'],
  ['\u009d0;t\u009cx', 'x'],
  ['a\rb\bc\u007fd\u0000e', 'abcde'],
  ['tab\tline\nend', 'tab line end'],
  ['\u202eright\u2066to\u200fleft\ufeff', 'righttoleft'],
  ['a\u001b', 'a'],
  ['\u001b[\u001b[31mx', 'x'],
]
for (const [text, clean] of table) t.test(JSON.stringify(text), async (t) => t.equal(printable(text), clean))

t.test('nothing that is left can be put together again', async (t) => {
  const twice = '\u001b\u001b[[3131mmx'
  t.notMatch(printable(twice), /[\u0000-\u001f\u007f-\u009f]/)
})

t.test('lines stay lines', async (t) => t.equal(printableLines('a\r\nb\u001b[1m\n'), 'a\nb\n'))
