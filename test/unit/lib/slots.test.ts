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
  const told: string[] = []
  const run = (n: number, signal = never) => {
    const work = async () => {
      begun.push(n)
      await ends[n - 1]?.promise
    }
    return slots.run(signal, work, (ahead) => told.push(`${n} after ${ahead}`))
  }
  const all = [run(1), run(2), run(3), run(4, cancel.signal), run(5)]
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  await settled()
  t.same(begun, [1, 2])
  t.same(told, ['3 after 2', '4 after 3', '5 after 4'], 'each that waits hears how many are before it')
  cancel.abort(new Error('cancelled'))
  await t.rejects(all[3] as Promise<void>, /cancelled/)
  ends[0]?.resolve()
  await settled()
  t.same(begun, [1, 2, 3])
  t.same(told.slice(3), ['5 after 3', '5 after 2'], 'and when there are fewer')
  most = 3
  slots.recount()
  await settled()
  t.same(begun, [1, 2, 3, 5], 'a number that grew lets the next one in')
  for (const end of ends) end.resolve()
  await Promise.allSettled(all)
  await t.rejects(
    slots.run(AbortSignal.abort(new Error('late')), async () => {}),
    /late/,
  )
  await t.rejects(
    slots.run(never, async () => Promise.reject(new Error('its own'))),
    /its own/,
  )
  t.equal(await slots.run(never, async () => 'in'), 'in', 'a failure gives its slot back')
})
