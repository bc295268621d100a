import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { withPriority } from '../../../src/operate/open-log.ts'
import { copyAndCut, rotatingFile } from '../../../src/operate/rotating-file.ts'

t.test('a log never grows beyond its size, and only so many old ones are kept', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'x.log')
  const log = rotatingFile(path, { size: 100, keep: 2 })
  for (let n = 10; n < 50; n++) log.write(`line ${n} ${'.'.repeat(20)}\n`)
  log.close()
  t.strictSame(readdirSync(folder).sort(), ['x.log', 'x.log.1', 'x.log.2'])
  for (const name of readdirSync(folder)) t.ok(statSync(join(folder, name)).size <= 100, name)
  const kept = ['x.log.2', 'x.log.1', 'x.log'].map((name) => readFileSync(join(folder, name), 'utf8')).join('')
  t.strictSame(kept.match(/\d+/g)?.at(-1), '49', 'the newest is there')
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('a log goes on where it was, and a line longer than a file is written whole', async (t) => {
  const folder = t.testdir({ 'x.log': 'old\n' })
  const log = rotatingFile(join(folder, 'x.log'), { size: 10, keep: 1 })
  log.write('new\n')
  t.equal(readFileSync(join(folder, 'x.log'), 'utf8'), 'old\nnew\n')
  log.write(`${'x'.repeat(30)}\n`)
  t.equal(readFileSync(join(folder, 'x.log'), 'utf8').length, 31)
  log.close()
})

t.test('a log that cannot be written loses lines and ends nobody', async (t) => {
  const log = rotatingFile(join(t.testdir({ file: '' }), 'file/x.log'), { size: 10, keep: 1 })
  t.doesNotThrow(() => log.write('lost\n'))
})

t.test('a log that another process holds open is cut where it stands', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'svscan.log')
  const fd = openSync(path, 'a')
  writeSync(fd, 'a'.repeat(50))
  t.notOk(copyAndCut(path, { size: 100, keep: 2 }))
  writeSync(fd, 'b'.repeat(100))
  t.ok(copyAndCut(path, { size: 100, keep: 2 }))
  writeSync(fd, 'after')
  closeSync(fd)
  t.equal(readFileSync(path, 'utf8'), 'after')
  t.equal(readFileSync(`${path}.1`, 'utf8'), 'b'.repeat(100), 'the last of it is kept')
  appendFileSync(path, 'c'.repeat(200))
  copyAndCut(path, { size: 100, keep: 2 })
  appendFileSync(path, 'd'.repeat(200))
  copyAndCut(path, { size: 100, keep: 2 })
  t.strictSame(readdirSync(folder).sort(), ['svscan.log', 'svscan.log.1', 'svscan.log.2'])
  t.notOk(copyAndCut(join(folder, 'none'), { size: 1, keep: 1 }))
})

t.test('a log that was made large at once is cut as fast as any, and not written out', async (t) => {
  const path = join(t.testdir(), 'svscan.log')
  const fd = openSync(path, 'a')
  // Sparse: takes no room on the disk until somebody copies it.
  ftruncateSync(fd, 256 * 1024 ** 2)
  writeSync(fd, 'end')
  t.ok(copyAndCut(path, { size: 100, keep: 2 }))
  writeSync(fd, 'after')
  closeSync(fd)
  t.equal(readFileSync(path, 'utf8'), 'after')
  t.equal(statSync(`${path}.1`).size, 100)
  t.match(readFileSync(`${path}.1`, 'utf8'), /end$/)
})

t.test("journald gets its own priorities before pino's lines", async (t) => {
  const line = (level: number) => withPriority(`{"level":${level},"msg":"x"}\n`).slice(0, 3)
  t.strictSame([20, 30, 40, 50, 60].map(line), ['<7>', '<6>', '<4>', '<3>', '<2>'])
})
