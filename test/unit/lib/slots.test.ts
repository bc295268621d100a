// So many run at once, the others in order; who is cancelled while waiting never begins.
import t from 'tap'
import { Slots } from '../../../src/lib/slots.ts'

const never = new AbortController().signal

t.test('in order of arrival, never more than allowed', async (t) => {
  let most = 2
  const slots = new Slots(() => most)
  const begun: number[] = []
  const ends = [1, 2, 3, 4, 5].map(() => Promise.withResolvers<void>())
  const cancel = new AbortController()
  const run = (n: number, signal = never) =>
    slots.run(signal, async () => {
      begun.push(n)
      await ends[n - 1]?.promise
    })
  t.notOk(slots.full)
  const all = [run(1), run(2), run(3), run(4, cancel.signal), run(5)]
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  await settled()
  t.same(begun, [1, 2])
  t.ok(slots.full)
  cancel.abort(new Error('cancelled'))
  await t.rejects(all[3] as Promise<void>, /cancelled/)
  ends[0]?.resolve()
  await settled()
  t.same(begun, [1, 2, 3])
  most = 3
  slots.recount()
  await settled()
  t.same(begun, [1, 2, 3, 5], 'a number that grew lets the next one in')
  for (const end of ends) end.resolve()
  await Promise.allSettled(all)
  t.notOk(slots.full)
  await t.rejects(
    slots.run(AbortSignal.abort(new Error('late')), async () => {}),
    /late/,
  )
  await t.rejects(
    slots.run(never, async () => Promise.reject(new Error('its own'))),
    /its own/,
  )
  t.notOk(slots.full, 'a failure gives its slot back')
})
