// The push output is the user interface: every event's words, as snapshots, and what no text may do to a terminal, as properties.
import fc from 'fast-check'
import { t } from 'tap'
import type { DeployEvent } from '../../../src/records.ts'
import { sentences } from '../../../src/report/sentences.ts'
import { columns } from '../../../src/report/width.ts'

const context = { logCommand: 'ssh -p 2222 hostenv@host logs d41' }
const commit = '3f2a91c000000000000000000000000000000000'
const label = { name: 'shop-frontend', n: 1, total: 3 }

const transcripts: Readonly<Record<string, readonly DeployEvent[]>> = {
  'a push that becomes live': [
    { type: 'evaluating', commit },
    { type: 'started', project: 'acme/shop', commit, ref: 'main', key: 'main', kind: 'production' },
    { type: 'build-plan', builds: 3, fetches: 12, cached: 41 },
    { type: 'build-started', ...label },
    { type: 'build-line', ...label, line: 'vite build …' },
    { type: 'build-finished', ...label, duration: 2140 },
    {
      type: 'built',
      duration: 6200,
      cached: false,
      closureBytes: 182 * 1024 ** 2,
      since: { release: 6, deltaBytes: 1.2 * 1024 ** 2, changes: ['shop-frontend 2.3 → 2.4'] },
    },
    { type: 'activating', release: 7 },
    { type: 'activate-line', line: 'web restarted · worker unchanged' },
    { type: 'check', what: 'GET /', result: '200', duration: 34 },
    { type: 'live', url: 'http://shop-foo-da6cc42.localhost:8080', release: 7, duration: 8400 },
  ],
  'a build that fails': [
    {
      type: 'build-failed',
      name: 'shop-frontend',
      how: 'exit 1',
      tail: ["src/cart.ts(4,2): error TS2304: Cannot find name 'foo'."],
    },
    { type: 'refused', headline: '', detail: [], help: [] },
  ],
  'a wrong hash': [
    {
      type: 'build-failed',
      name: 'src.tar.gz',
      how: 'hash mismatch',
      tail: [],
      gotHash: 'sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=',
    },
  ],
  'what was built before': [
    { type: 'build-plan', builds: 0, fetches: 0, cached: 1 },
    {
      type: 'built',
      duration: 70,
      cached: true,
      closureBytes: 512,
      since: { release: 6, deltaBytes: 0, changes: [] },
    },
  ],
  'plans and sizes of other kinds': [
    { type: 'build-plan', builds: 1, fetches: 0, cached: 0 },
    { type: 'build-plan', builds: 0, fetches: 1, cached: 2 },
    { type: 'built', duration: 125_000, cached: false, closureBytes: 0, since: null },
    {
      type: 'built',
      duration: 61_000,
      cached: false,
      closureBytes: 3 * 1024 ** 3,
      since: {
        release: 1,
        deltaBytes: -2048,
        changes: ['a 1 → 2', 'b 1 → 2', 'c 1.0 added', 'd 2.0 removed', 'e 1 → 2'],
      },
    },
  ],
  'a ref that goes to another key': [
    { type: 'started', project: 'acme/shop', commit, ref: 'refs/heads/stable', key: 'production', kind: 'production' },
  ],
  'a preview, which expires': [
    {
      ...{ type: 'started', project: 'acme/shop', commit, ref: 'refs/heads/feature/foo', key: 'feature/foo' },
      ...{ kind: 'development', previewOf: 'main', expiresIn: 14 * 86_400_000 },
    },
  ],
  'words beside the way': [
    { type: 'note', text: 'users, ttl: takes effect when main is deployed' },
    { type: 'warning', text: 'the option environments.main.foo is old; say environments.main.bar instead, please' },
    { type: 'waiting', text: 'an earlier push' },
    { type: 'stopped', key: 'staging', how: 'stopped', goesAt: null },
    { type: 'stopped', key: 'feature/foo', how: 'stopped', goesAt: '2026-12-01T10:00:00.000Z' },
    { type: 'stopped', key: 'feature/foo', how: 'paused', goesAt: '2026-12-01T10:00:00.000Z' },
    { type: 'stopped', key: 'main', how: 'paused', goesAt: null },
    { type: 'stopped', key: 'feature/foo', how: 'purged', goesAt: null },
    { type: 'kept', key: 'main', release: 6, duration: 1234 },
    { type: 'kept', key: 'main', release: null, duration: 1234 },
  ],
  'a refusal with detail and help': [
    {
      type: 'refused',
      headline: 'Evaluation failed',
      detail: ["error: undefined variable 'foo'", '  at .hostenv/hostenv.nix:3:12:', '    3|   command = foo;'],
      help: [
        'Declared: main, staging',
        'See all of it: git push -o trace hostenv feature/a-rather-long-branch-name-of-mine',
      ],
    },
  ],
  'what is live after a failure': [
    { type: 'restored', release: 6, text: 'what activate did to data is not undone' },
    { type: 'restored', release: null, text: 'nothing was live before; services stopped' },
    { type: 'restored', release: null, text: '' },
  ],
  'long and hostile text': [
    { type: 'build-line', ...label, line: `${'word '.repeat(100)}end` },
    { type: 'build-line', ...label, line: 'x'.repeat(4096) },
    { type: 'build-line', ...label, line: '\u001b[31mred\u001b[0m\u0007 \u001b]0;title\u0007done\r50%\r100%' },
    { type: 'build-line', ...label, line: '  ' },
    {
      type: 'activate-line',
      line: '日本語のログはこの端末では一文字あたり二桁を占めるので早めに折り返さなければならない',
    },
    { type: 'live', url: `http://${'long-'.repeat(20)}name.example.org`, release: 1, duration: 900 },
  ],
}

for (const [name, events] of Object.entries(transcripts))
  t.test(name, async (t) => {
    const lines = events.flatMap((event) => sentences(event, context))
    t.matchSnapshot(`${lines.join('\n')}\n`)
  })

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 300 }), fc.lorem({ maxCount: 60 }))
const texts = fc.array(text, { maxLength: 5 })
const number = fc.nat()
const numbered = { name: text, n: number, total: number }
const since = fc.option(fc.record({ release: number, deltaBytes: fc.integer(), changes: texts }))
const anyEvent = fc.oneof(
  fc.record({
    type: fc.constant('started' as const),
    project: text,
    commit: text,
    ref: text,
    key: text,
    kind: fc.constant('testing' as const),
  }),
  fc.record({ type: fc.constantFrom('note' as const, 'warning' as const, 'waiting' as const), text }),
  fc.record({ type: fc.constantFrom('build-started' as const), ...numbered }),
  fc.record({ type: fc.constant('build-line' as const), ...numbered, line: text }),
  fc.record({ type: fc.constant('build-finished' as const), ...numbered, duration: number }),
  fc.record({ type: fc.constant('build-failed' as const), name: text, how: text, tail: texts, gotHash: text }),
  fc.record({
    type: fc.constant('built' as const),
    duration: number,
    cached: fc.boolean(),
    closureBytes: number,
    since,
  }),
  fc.record({ type: fc.constant('activate-line' as const), line: text }),
  fc.record({ type: fc.constant('check' as const), what: text, result: text, duration: number }),
  fc.record({ type: fc.constant('live' as const), url: text, release: number, duration: number }),
  fc.record({ type: fc.constant('stopped' as const), key: text, how: fc.constant('paused' as const), goesAt: text }),
  fc.record({ type: fc.constant('refused' as const), headline: text, detail: texts, help: texts }),
  fc.record({ type: fc.constant('restored' as const), release: fc.option(number), text }),
)

t.test('whatever the texts: no control characters, no line beyond 71 columns but for a URL or a command', async (t) => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      for (const line of sentences(event, context)) {
        if (/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(line)) throw new Error(JSON.stringify(line))
        if (columns(line) > 71 && !/:\/\/|(^|\s)(ssh|git|nix|hostenv|npm|curl) /.test(line))
          throw new Error(`${columns(line)} columns: ${JSON.stringify(line)}`)
      }
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
