// The pusher's terminal may be slow or gone, and the disk may be full: a deploy goes on.

import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { t } from 'tap'
import { cappedSink } from '../../../src/report/capped-sink.ts'
import { deployLogPath, logFile } from '../../../src/report/log-file.ts'
import { deployReport } from '../../../src/report/report.ts'
import { sideband } from '../../../src/report/sideband.ts'

t.test('plain lines, each ended', async (t) => {
  const stream = new PassThrough()
  const sink = sideband(stream)
  sink.line('one')
  sink.line('two')
  await sink.close()
  t.equal(String(stream.read()), 'one\ntwo\n')
  t.ok(stream.writable, 'the stream is not ended: others write to it too')
})

t.test('a reader that stops loses lines, is told how many, and gets later ones', async (t) => {
  const kept: string[] = []
  let resume: (() => void) | null = null
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      kept.push(String(chunk))
      if (kept.length === 1) resume = done
      else done()
    },
  })
  const sink = sideband(stream, 100)
  for (let n = 0; n < 1000; n++) sink.line(`line ${n} ${'x'.repeat(20)}`)
  t.ok(stream.writableLength <= 100, 'no more than the limit is held')
  resume!()
  await sink.close()
  sink.line('after')
  await sink.close()
  t.match(kept.at(-2), /^ {7}\(99\d lines were left out: they were not read in time\)\n$/)
  t.equal(kept.at(-1), 'after\n')
})

t.test('a reader that never comes back holds up nothing for more than two seconds', async (t) => {
  const sink = sideband(new Writable({ write() {} }))
  sink.line('x')
  const started = Date.now()
  await sink.close()
  t.ok(Date.now() - started < 3000)
})

t.test('a gone client is no error', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const sink = sideband(socket)
  for (let n = 0; n < 100; n++) {
    sink.line('still talking')
    await new Promise((resolve) => setImmediate(resolve))
  }
  await sink.close()
  server.close()
  t.pass()
})

t.test('the whole log has a time before each line and no control characters', async (t) => {
  const dir = t.testdir()
  const path = deployLogPath(dir, 41)
  t.equal(path, join(dir, 'log', 'deploys', 'd41.log'))
  const log = logFile(path, () => new Date(0))
  log.line('\u001b[31mred\u001b[0m')
  log.line('two')
  await log.close()
  t.equal(readFileSync(path, 'utf8'), '1970-01-01T00:00:00.000Z red\n1970-01-01T00:00:00.000Z two\n')
  t.equal(statSync(path).mode & 0o777, 0o600)
  await log.close()
})

t.test('a log that is longer than is kept says that it is cut, once', async (t) => {
  const lines: string[] = []
  const sink = { line: (text: string) => void lines.push(text), close: async () => void lines.push('closed') }
  const capped = cappedSink(sink, 30)
  for (const n of [1, 2, 3, 4, 5]) capped.line(`line no ${n}`)
  await capped.close()
  const cut = 'the log is cut here: it is longer than is kept (limits.deployLogBytes)'
  t.same(lines, ['line no 1', 'line no 2', 'line no 3', cut, 'closed'], 'three lines of ten bytes fit')
})

t.test('a log that cannot be written does not matter', async (t) => {
  const log = logFile(join(t.testdir({ d: {} }), 'd'))
  log.line('x')
  await new Promise((resolve) => setTimeout(resolve, 20))
  log.line('y')
  await log.close()
  t.pass()
})

t.test(
  'so much of what builds say is shown as lines, then where the rest is; failures are told all the same',
  async (t) => {
    const words: string[] = []
    const sink = {
      line: (text: string) => void words.push(text),
      close: async () => {},
      redraw: () => true,
      full: false,
    }
    const report = deployReport(
      { words: sink, log: { line: () => undefined, close: async () => {} } },
      { logCommand: 'ssh host logs d1' },
      // Two lines of 24 bytes are not more than that, three are.
      { live: false, color: false, mostShown: 48 },
    )
    for (const line of ['one two', 'two two', 'six two', 'ten two', 'end two'])
      report.emit({ type: 'build-line', name: 'a', n: 1, total: 1, line })
    report.emit({ type: 'build-finished', name: 'a', n: 1, total: 1, duration: 1000 })
    await report.close()
    t.same(words, [
      '       [1/1] a: one two',
      '       [1/1] a: two two',
      '       [1/1] a: six two',
      '       Builds said more than 48 B; the rest is not shown. Whole log:',
      '       ssh host logs d1',
      '       [1/1] a: done in 1.0 s',
    ])
  },
)

t.test('a report goes to both, but the log of a build is written by the build', async (t) => {
  const words: string[] = []
  const whole: string[] = []
  const sink = (lines: string[]) => ({
    line: (text: string) => void lines.push(text),
    ...{ close: async () => {}, redraw: () => true, full: false },
  })
  const report = deployReport(
    { words: sink(words), log: sink(whole) },
    { logCommand: 'ssh host logs d1' },
    { live: false, color: false },
  )
  report.emit({ type: 'activating', release: 1 })
  report.emit({ type: 'build-line', name: 'a', n: 1, total: 1, line: 'x' })
  report.log('a> x')
  await report.close()
  t.same(words, ['-----> Activating release 1', '       [1/1] a: x'])
  t.same(whole, ['-----> Activating release 1', 'a> x'])
})
