// A build that prints a million lines is drawn five times a second, and nobody beside it has to wait.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PassThrough, Writable } from 'node:stream'
import { t } from 'tap'
import { cappedLog } from '../../../src/build/capped-log.ts'
import { parseNixLine } from '../../../src/build/nix-log.ts'
import { Progress } from '../../../src/build/progress.ts'
import { splitLines } from '../../../src/build/split-lines.ts'
import { logFile } from '../../../src/report/log-file.ts'
import { deployReport } from '../../../src/report/report.ts'
import { sideband } from '../../../src/report/sideband.ts'

const drv = `/nix/store/${'a'.repeat(32)}-chatty.drv`
const start = `@nix {"action":"start","fields":["${drv}","",1,1],"id":7,"level":3,"text":"","type":105}\n`
const line = '@nix {"action":"result","fields":["[ 42%] Building CXX object src/a.o with words"],"id":7,"type":101}\n'
/** As many lines as a pipe gives at once. */
const chunk = Buffer.from(line.repeat(600))

async function noisyBuild(words: NodeJS.WritableStream, live: boolean, lines: number, file: string) {
  const report = deployReport(
    { words: sideband(words), log: logFile(file) },
    { logCommand: '' },
    { live, color: false },
  )
  const log = cappedLog(report.log, { maxBytes: 4 * 1024 ** 2, maxLine: 16 * 1024 })
  const progress = new Progress({ emit: report.emit, log, total: 1 })
  const splitter = splitLines(1024 ** 2, (text) => progress.handle(parseNixLine(text)))
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const before = process.memoryUsage().rss
  let most = 0
  const begun = performance.now()
  delay.enable()
  splitter.push(Buffer.from(start))
  for (let n = 0; n < lines; n += 600) {
    splitter.push(chunk)
    await new Promise(setImmediate)
    most = Math.max(most, process.memoryUsage.rss() - before)
  }
  delay.disable()
  progress.finish(true)
  report.emit({ type: 'built', duration: 1, cached: false, closureBytes: 0, since: null })
  await report.close()
  return { took: performance.now() - begun, stall: delay.percentile(99) / 1e6, memory: most / 1024 ** 2 }
}

t.test('live: at most five drawings a second, each with the newest line', async (t) => {
  const stream = new PassThrough()
  let words = ''
  stream.on('data', (data) => {
    words += data
  })
  const file = join(t.testdir(), 'd1.log')
  const { took, stall, memory } = await noisyBuild(stream, true, 1_000_000, file)
  const drawn = words.split('\r').filter((text) => text.includes('chatty'))
  t.comment(
    `${Math.round(took)} ms, ${drawn.length} drawings, stall ${Math.round(stall)} ms, ${Math.round(memory)} MiB`,
  )
  t.ok(drawn.length >= 1, 'it was drawn')
  t.ok(drawn.length <= took / 200 + 1, 'no more than five times a second')
  t.match(drawn.at(-1), /\[0\/1\] \d+ s · chatty: \[ 42%\] Building/)
  t.match(words, /\r-----> Built in 1 ms\n$/)
  t.ok(stall < 250, 'nothing else waits')
  t.ok(memory < 200, 'nothing is kept')
  t.match(readFileSync(file, 'utf8'), /chatty> \[ 42%\] Building/)
})

t.test('plain, to a client that does not read: what it would not see is not even written down', async (t) => {
  const { stall, memory } = await noisyBuild(new Writable({ write() {} }), false, 100_000, join(t.testdir(), 'd2.log'))
  t.ok(stall < 250, 'nothing else waits')
  t.ok(memory < 200, 'nothing is kept')
})

t.test('a client that reads slowly gets the newest state, not a queue of old ones', async (t) => {
  const seen: string[] = []
  const waiting: (() => void)[] = []
  const slow = new Writable({
    highWaterMark: 1,
    write(data, _encoding, done) {
      seen.push(String(data))
      waiting.push(done)
    },
  })
  const sink = sideband(slow)
  t.equal(sink.redraw('one'), true)
  t.notOk(
    [...Array(1000).keys()].some((n) => sink.redraw(`${n}`)),
    'not while it is behind',
  )
  waiting.pop()?.()
  await new Promise(setImmediate)
  t.equal(sink.redraw('newest'), true)
  t.same(seen, ['one\r', 'newest\r'])
})
