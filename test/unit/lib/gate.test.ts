import t from 'tap'
import { Gate } from '../../../src/lib/gate.ts'

const never = new AbortController().signal

t.test('the gate closes in the moment in which nothing is on its way', async (t) => {
  const gate = new Gate()
  let idle = false
  const closing = gate.close(() => idle, never)
  t.notOk(gate.closed)
  idle = true
  const open = await closing
  t.ok(gate.closed)
  let passed = false
  const passing = gate.opened().then(() => {
    passed = true
  })
  await new Promise(setImmediate)
  t.notOk(passed)
  open?.()
  open?.()
  await passing
  t.notOk(gate.closed)
})

t.test('who waits too long gets nothing and closes nothing', async (t) => {
  const gate = new Gate()
  t.equal(await gate.close(() => false, AbortSignal.timeout(30)), null)
  t.equal(await gate.close(() => true, AbortSignal.abort()), null)
  t.notOk(gate.closed)
})

t.test('two who want it closed take turns', async (t) => {
  const gate = new Gate()
  const first = await gate.close(() => true, never)
  const second = gate.close(() => true, never)
  first?.()
  const open = await second
  first?.()
  t.ok(gate.closed, 'the first cannot open it for the second')
  open?.()
  t.notOk(gate.closed)
})
