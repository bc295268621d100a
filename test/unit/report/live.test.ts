// A push as it is seen on a terminal of 80 columns: moments of it, and what is left on the screen at its end.
import { readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { t } from 'tap'
import { parseNixLine } from '../../../src/build/nix-log.ts'
import { Progress } from '../../../src/build/progress.ts'
import type { DeployEvent } from '../../../src/records.ts'
import { LIVE_WIDTH } from '../../../src/report/live-build.ts'
import { deployReport, type View } from '../../../src/report/report.ts'
import { sideband } from '../../../src/report/sideband.ts'
import { columns } from '../../../src/report/width.ts'
import { asGitWrites, screen } from '../../helpers/screen.ts'

const MiB = 1024 ** 2
const commit = '3f2a91c000000000000000000000000000000000'
const frontend = { name: 'shop-frontend', n: 1, total: 3 }
const assets = { name: 'shop-assets', n: 2, total: 3 }
const whole = { name: 'shop', n: 3, total: 3 }

/** Milliseconds to let pass before the next event; what was on the screen by then is shown. */
type Step = DeployEvent | number

const begin: readonly Step[] = [
  { type: 'started', project: 'acme/shop', commit, ref: 'main', key: 'main', kind: 'production' },
  { type: 'build-plan', builds: 3, fetches: 12, cached: 41 },
]
const end: readonly Step[] = [
  { type: 'activating', release: 7 },
  { type: 'activate-line', line: 'web restarted · worker unchanged' },
  { type: 'check', what: 'GET /', result: '200', duration: 34 },
  { type: 'live', url: 'http://shop-main-4f7240c.localhost:8080', release: 7, duration: 8400 },
]
const since = { release: 6, deltaBytes: 1.2 * MiB, changes: ['shop-frontend 2.3 → 2.4'] }
const built: DeployEvent = { type: 'built', duration: 6200, cached: false, closureBytes: 182 * MiB, since }

const pushes: Readonly<Record<string, readonly Step[]>> = {
  'a build becomes live': [
    ...begin,
    200,
    { type: 'build-fetched', paths: 0, bytes: 0, expected: 182 * MiB },
    { type: 'build-fetched', paths: 1, bytes: 12.4 * MiB, expected: 182 * MiB },
    1000,
    { type: 'build-started', ...frontend },
    { type: 'build-line', ...frontend, line: 'vite build …' },
    { type: 'build-started', ...assets },
    1000,
    { type: 'build-line', ...assets, line: 'optimised 41 of 1200 images in the folder of images' },
    { type: 'build-fetched', paths: 12, bytes: 182 * MiB, expected: 182 * MiB },
    1000,
    { type: 'build-finished', ...assets, duration: 2000 },
    { type: 'warning', text: 'main has no virtualHosts' },
    1000,
    { type: 'build-finished', ...frontend, duration: 4000 },
    { type: 'build-started', ...whole },
    61_000,
    { type: 'build-finished', ...whole, duration: 61_000 },
    1000,
    built,
    1000,
    ...end,
  ],
  'a build fails': [
    ...begin,
    { type: 'build-started', ...frontend },
    { type: 'build-line', ...frontend, line: 'error TS2304' },
    1000,
    {
      type: 'build-failed',
      name: 'shop-frontend',
      how: 'exit 1',
      tail: ["src/cart.ts(4,2): error TS2304: Cannot find name 'foo'."],
    },
    { type: 'refused', headline: '', detail: [], help: [] },
    1000,
  ],
  'what is only fetched, from a cache that does not say how much': [
    { type: 'build-plan', builds: 0, fetches: 2, cached: 0 },
    { type: 'build-fetched', paths: 0, bytes: 900 * 1024, expected: 900 * 1024 },
    400,
    { type: 'build-fetched', paths: 1, bytes: 900 * 1024, expected: 2 * MiB },
    400,
    { type: 'build-fetched', paths: 2, bytes: 2 * MiB, expected: 2 * MiB },
    400,
    { ...built, since: null },
  ],
  'what is there already': [
    { type: 'build-plan', builds: 0, fetches: 0, cached: 1 },
    { ...built, duration: 70, cached: true },
    ...end,
  ],
  'a build that is cancelled': [
    ...begin,
    { type: 'build-started', ...frontend },
    300,
    { type: 'refused', headline: 'superseded by 3f2a91c', detail: [], help: [] },
    1000,
  ],
  'hostile and wide names and lines': [
    { type: 'build-plan', builds: 3, fetches: 0, cached: 0 },
    { type: 'build-started', ...frontend, name: `a-very-long-name-of-a-derivation-${'x'.repeat(300)}` },
    200,
    {
      type: 'build-line',
      ...frontend,
      line: `10%\r50%\r\u001b[31m100%\u001b[0m\u001b]0;title\u0007\u202e ${'y'.repeat(4000)}`,
    },
    200,
    {
      type: 'build-line',
      ...frontend,
      line: '日本語のログはこの端末では一文字あたり二桁を占めるので早めに切らなければならない',
    },
    200,
    { type: 'build-line', ...frontend, line: ' \t ' },
    200,
    built,
  ],
}

function play(steps: readonly Step[], view: View, terminal: 'ansi' | 'dumb' = 'ansi') {
  let now = 0
  let next = Number.POSITIVE_INFINITY
  let work = () => {}
  const clock = {
    now: () => now,
    every(ms: number, tick: () => void) {
      next = now + ms
      work = () => {
        tick()
        next += ms
      }
      return () => {
        next = Number.POSITIVE_INFINITY
      }
    },
  }
  const stream = new PassThrough()
  let words = ''
  stream.on('data', (chunk) => {
    words += chunk
  })
  const log: string[] = []
  const report = deployReport(
    { words: sideband(stream), log: { line: (text) => void log.push(text), close: async () => {} } },
    { logCommand: 'ssh -p 2222 hostenv@host logs d41' },
    view,
    clock,
  )
  const look = () => screen(asGitWrites(words, terminal))
  return (async () => {
    const moments: string[] = []
    for (const step of steps) {
      if (typeof step === 'number') {
        await new Promise(setImmediate)
        for (const until = now + step; now < until; ) {
          now = Math.min(next, until)
          if (now === next) work()
          await new Promise(setImmediate)
        }
        moments.push(look().findLast((line) => line !== '') ?? '')
      } else report.emit(step)
    }
    await report.close()
    return { moments, final: look(), words, log }
  })()
}

for (const [name, steps] of Object.entries(pushes))
  t.test(name, async (t) => {
    const { moments, final, words, log } = await play(steps, { live: true, color: false })
    t.matchSnapshot([...moments, '', 'At its end:', ...final].join('\n'))
    t.notMatch(final.join('\n'), /\[\d+\/\d+\]/, 'nothing of the live line is left')
    for (const drawn of words.match(/[^\r\n]*\r/g) ?? [])
      t.ok(columns(drawn.slice(0, -1).trimEnd()) <= LIVE_WIDTH, drawn)
    t.notMatch(log.join('\n'), /[\r\u001b]/)
    const dumb = await play(steps, { live: true, color: false }, 'dumb')
    // git's eight spaces there make a long line wrap, and leave an empty one.
    t.same(dumb.final.filter(Boolean), final.filter(Boolean), 'the same on a terminal that cannot clear')
    t.same(dumb.moments, moments)
    const plain = await play(steps, { live: false, color: false })
    t.notMatch(plain.words, /\r/, 'a client that is quiet gets plain lines')
    t.same(plain.log, log, 'the log does not depend on the view')
  })

for (const [name, steps] of Object.entries(pushes))
  t.test(`in colour: ${name}`, async (t) => {
    const plain = await play(steps, { live: true, color: false })
    const { words, final, log } = await play(steps, { live: true, color: true })
    t.same(final, plain.final, 'it reads the same')
    t.same(log, plain.log, 'the log has no colour')
    const lines = words.split('\n').map((line) => line.split('\r').at(-1) ?? '')
    t.matchSnapshot(lines.join('\n').replaceAll('\u001b', '␛'))
    for (const line of lines)
      t.equal(line.match(/\u001b\[\d+m/g)?.length ?? 0, 2 * (line.match(/\u001b\[0m/g)?.length ?? 0))
    const quiet = await play(steps, { live: false, color: true })
    t.notMatch(quiet.words, /\r/)
    t.match(quiet.words, '\u001b[36m', 'colour is for who asks, progress or not')
  })

t.test('what Nix 2.8 says of a build that fetches, as it is seen', async (t) => {
  const events: Step[] = [{ type: 'build-plan', builds: 1, fetches: 2, cached: 0 }]
  const progress = new Progress({ emit: (event) => events.push(event, 200), log: () => {}, total: 1 })
  const log = readFileSync(new URL('../build/logs/fetch.log', import.meta.url), 'utf8')
  for (const line of log.split('\n')) progress.handle(parseNixLine(line))
  progress.finish(true)
  const { moments } = await play(events, { live: true, color: false })
  t.matchSnapshot(moments.filter((line, index) => line !== moments[index - 1]).join('\n'))
})
