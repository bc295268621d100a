// A user begins so many pushes a minute and has so many on their way; the next is refused with the number and the wait.
import t from 'tap'
import { PushGate } from '../../../src/receive/push-gate.ts'

t.test('pushes at once', async (t) => {
  const gate = new PushGate(() => 0)
  const limits = { pushesAtOnce: 2, pushesPerMinute: 100 }
  const leave = [gate.enter('alice', limits), gate.enter('alice', limits)]
  t.throws(() => gate.enter('alice', limits), {
    message: '2 pushes of yours are on their way; at most 2 may be at once',
    help: ['Wait until one of them has ended, and push again.'],
  })
  t.doesNotThrow(() => gate.enter('bob', limits), 'another user is not concerned')
  leave[0]?.()
  leave[0]?.()
  gate.enter('alice', limits)
  t.throws(() => gate.enter('alice', limits), /at most 2/, 'who leaves twice left once')
})

t.test('pushes a minute', async (t) => {
  let now = 1000
  const gate = new PushGate(() => now)
  const limits = { pushesAtOnce: 9, pushesPerMinute: 3 }
  for (const at of [1000, 11_000, 21_000]) {
    now = at
    gate.enter('alice', limits)()
  }
  now = 31_000
  t.throws(() => gate.enter('alice', limits), {
    message: 'you push too often: at most 3 pushes a minute are taken',
    help: ['Push again in 30 s.'],
  })
  now = 60_999
  t.throws(() => gate.enter('alice', limits), { message: /too often/, help: ['Push again in 1 s.'] })
  now = 61_000
  gate.enter('alice', limits)()
  t.throws(
    () => gate.enter('alice', limits),
    { message: /too often/, help: ['Push again in 10 s.'] },
    'the next place is free when the second is a minute old',
  )
  t.doesNotThrow(() => gate.enter('alice', { ...limits, pushesPerMinute: 4 }), 'a limit that was raised holds at once')
})
