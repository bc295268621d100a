import t from 'tap'
import { printable, printableLines } from '../../../../src/lib/printable.ts'

const table: [string, string][] = [
  ['plain ünï 漢字 🙂', 'plain ünï 漢字 🙂'],
  ['a\tb', 'a b'],
  ['a\nb', 'a b'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b[1;31;48:5:7mx', 'x'],
  ['\u009b31mred', 'red'],
  ['\u001b]0;title\u0007after', 'after'],
  ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u009d0;title\u009cafter', 'after'],
  ['\u001b]52;c;ZXZpbA==', ''],
  ['\u001bPq secret\u001b\\after', 'after'],
  ['\u001b(Bx', 'x'],
  ['\u001bcx', 'x'],
  ['\u001b', ''],
  ['\u001b[', ''],
  ['a\rb\bc\u0007\u0000\u007f\u0085d', 'abcd'],
  ['user\u202egnp.exe', 'usergnp.exe'],
]

t.test('escape sequences and control characters are taken out', async (t) => {
  for (const [raw, safe] of table) t.equal(printable(raw), safe, JSON.stringify(raw))
})

t.test('lines stay lines', async (t) => {
  t.equal(printableLines('a\r\nb\u001b[31m\nc\rd\n'), 'a\nb\ncd\n')
})

t.test('a string without terminator does not swallow the next line', async (t) => {
  t.equal(printableLines('\u001b]0;never ended\nnext'), '\nnext')
})
