import t from 'tap'
import { judgePush } from '../../../src/receive/judge-push.ts'
import type { WireHead } from '../../../src/receive/wire.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)
const zero = '0'.repeat(40)
const limits = { refsPerPush: 3 }
const head = (...refs: string[]): WireHead => ({
  commands: refs.map((ref) => ({ old: a, new: b, ref })),
  problem: null,
  shallow: false,
  quiet: false,
})
const lines = (...refs: string[]) => refs.map((ref) => `${a} ${b} ${ref}\n`).join('')

t.test('a push of ordinary refs may go on', async (t) => {
  t.same(judgePush(head('refs/heads/a', 'refs/tags/b'), lines('refs/heads/a', 'refs/tags/b'), limits), [])
  t.same(judgePush(head('refs/heads/a', 'refs/heads/b'), lines('refs/heads/a'), limits), [], 'git itself refused b')
})

t.test('what is wrong with the list of refs refuses the push', async (t) => {
  t.match(judgePush({ ...head('refs/heads/a'), problem: 'a ref name is not UTF-8' }, lines('refs/heads/a'), limits), [
    /not UTF-8/,
  ])
})

t.test('one bad name refuses the push, and is told', async (t) => {
  const refs = ['refs/heads/good', 'refs/heads/-x']
  const said = judgePush(head(...refs), lines(...refs), limits)
  t.equal(said.length, 1)
  t.match(said[0], /"refs\/heads\/-x": no part of a ref name may start with -/)
})

t.test('a long name is told by its start', async (t) => {
  const ref = `refs/heads/${'x'.repeat(10_000)}`
  const [said = ''] = judgePush(head(ref), lines(ref), limits)
  t.match(said, /^Refused: "refs\/heads\/x+…": a ref name may have 244 bytes at most\.$/)
  t.ok(said.length < 150)
})

t.test('a newline cannot invent a second line', async (t) => {
  const ref = `refs/heads/x\n${a} ${b} refs/heads/main`
  t.match(judgePush(head(ref), lines(ref), limits), [/control characters/])
})

t.test('git must have read what was sent', async (t) => {
  const other = [/reads the list of refs in another way/]
  t.match(judgePush(head('refs/heads/a'), lines('refs/heads/b'), limits), other)
  t.match(judgePush(head('refs/heads/a'), lines('refs/heads/a', 'refs/heads/b'), limits), other)
  t.match(judgePush(head('refs/heads/a'), '', limits), other)
  t.match(judgePush(head('refs/heads/a'), `${b} ${a} refs/heads/a\n`, limits), other)
  t.match(judgePush(head('refs/heads/a'), 'nonsense\n', limits), other)
})

t.test('too many refs, one ref twice, and the deletion of nothing are refused', async (t) => {
  const four = ['a', 'b', 'c', 'd'].map((name) => `refs/heads/${name}`)
  t.match(judgePush(head(...four), lines(...four), limits), [/updates 4 refs; at most 3/, /git push hostenv BRANCH/])
  t.match(judgePush(head('refs/heads/a', 'refs/heads/a'), lines('refs/heads/a'), limits), [/named twice/])
  const nothing = { ...head(), commands: [{ old: zero, new: zero, ref: 'refs/heads/a' }] }
  t.match(judgePush(nothing, `${zero} ${zero} refs/heads/a\n`, limits), [/deletes what is not there/])
})
