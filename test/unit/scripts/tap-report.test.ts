// The closing counts and the failures that `npm test` prints, from TAP as tap writes it.
import t from 'tap'
import { closingLine, tapReport } from '../../../scripts/tap-report.ts'

const stream = `TAP version 14
1..2
# Subtest: test/a.test.ts
    # Subtest: adds
        ok 1 - one
        ok 2 - two
        1..2
    ok 1 - adds # time=7.4ms
    ok 2 - elsewhere # SKIP no compiler
    ok 3 - later # TODO x
    1..3
ok 1 - test/a.test.ts # time=1200ms

# Subtest: test/b.test.ts
    # Subtest: fails
        not ok 1 - same things
          ---
          diff: |
            --- expected
            +++ actual
          at:
            fileName: test/b.test.ts
            lineNumber: 2
          ...
        ok 2 - fine
        1..2
    not ok 1 - fails # time=28ms
    1..1
not ok 2 - test/b.test.ts # time=45ms
  ---
  exitCode: 1
  ...
`

function report(tap: string) {
  const printed: string[] = []
  const { parser, counts } = tapReport((text) => printed.push(text))
  parser.end(tap)
  return { printed, counts }
}

t.test('counts assertions, not the tests around them', async (t) => {
  const { counts } = report(stream)
  t.same(counts, {
    passed: 3,
    failed: 1,
    skipped: 2,
    reasons: new Map([
      ['no compiler', 1],
      ['x', 1],
    ]),
    failures: ['test/b.test.ts > fails > same things'],
  })
})

t.test('prints a line per file and failures in full', async (t) => {
  const { printed } = report(stream)
  t.match(printed[0], /^ok {4}test\/a\.test\.ts {2}\(4 in 1\.2 s\)$/)
  t.match(printed[1], /not ok: .*same things\n {4}at test\/b\.test\.ts:2\n(.|\n)*\+\+\+ actual/)
  t.match(printed[2], /^FAIL {2}test\/b\.test\.ts/)
})

t.test('a file that ends badly after its assertions is a failure of its own', async (t) => {
  const { counts } = report(`TAP version 14
# Subtest: test/c.test.ts
    ok 1 - one
    1..1
not ok 1 - test/c.test.ts
  ---
  exitCode: null
  signal: SIGSEGV
  ...
1..1
`)
  t.match(counts, { passed: 1, failed: 1, failures: ['test/c.test.ts'] })
})

t.test('the closing line names skipped tests only when there are some, and why', async (t) => {
  const none = new Map<string, number>()
  t.equal(closingLine({ passed: 3, failed: 0, skipped: 0, reasons: none }), '3 passed, 0 failed')
  const reasons = new Map([['no compiler', 2]])
  t.equal(
    closingLine({ passed: 3, failed: 1, skipped: 2, reasons }),
    'skipped 2: no compiler\n3 passed, 1 failed, 2 skipped',
  )
})

t.test('who skips without a reason is named', async (t) => {
  const { counts } = report('TAP version 14\nok 1 - elsewhere # SKIP\n1..1\n')
  t.same([...counts.reasons], [['elsewhere: no reason given', 1]])
})
