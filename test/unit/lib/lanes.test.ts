import fc from 'fast-check'
import t from 'tap'
import { Lanes } from '../../../src/lib/lanes.ts'

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

const meet = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].some((lane) => b.has(lane))

t.test('two never hold one lane, earlier arrivals go first, and everybody gets a turn', async (t) => {
  const lane = fc.integer({ min: 0, max: 3 }).map((n) => `lane ${n}`)
  const entry = fc.record({ lanes: fc.uniqueArray(lane, { minLength: 1 }), late: fc.uniqueArray(lane) })
  const plan = fc.record({
    entries: fc.array(entry, { minLength: 1, maxLength: 8 }),
    order: fc.infiniteStream(fc.nat()),
  })
  await fc.assert(
    fc.asyncProperty(plan, async ({ entries, order }) => {
      const lanes = new Lanes()
      const holds = new Map<number, ReadonlySet<string>>()
      const asked = new Set<number>()
      const left = new Set<number>()
      const wrong: string[] = []
      const waiting = entries.map(({ lanes: own, late }, arrival) => ({
        arrival,
        own,
        late,
        place: lanes.enter(arrival, own),
      }))
      let ended = 0
      const pick = <T>(all: readonly T[]) => all[(order.next().value as number) % all.length]
      while (ended < entries.length) {
        const idle = waiting.filter(({ arrival }) => !asked.has(arrival))
        const holders = [...holds.keys()]
        const ask = pick([...idle, ...(idle.length === 0 || holders.length > 0 ? [null] : [])])
        if (ask) {
          asked.add(ask.arrival)
          for (const name of ask.late) ask.place.join(name)
          const all = new Set([...ask.own, ...ask.late])
          ask.place.turn().then(() => {
            for (const held of holds.values()) if (meet(held, all)) wrong.push('two hold one lane')
            for (const { arrival, own } of waiting.slice(0, ask.arrival))
              if (!left.has(arrival) && meet(all, new Set(own))) wrong.push('an earlier one was overtaken')
            holds.set(ask.arrival, all)
          })
        } else {
          const done = pick(holders)
          if (done === undefined) throw new Error('nobody can go on')
          holds.delete(done)
          left.add(done)
          waiting[done]?.place.leave()
          ended++
        }
        await settle()
      }
      return lanes.idle && wrong.length === 0
    }),
    { numRuns: 200 },
  )
  t.pass('in 200 orders of events')
})

t.test('who only builds keeps its place', async (t) => {
  const lanes = new Lanes()
  const first = lanes.enter(1, ['ref main'])
  const second = lanes.enter(2, ['ref main'])
  const seen: number[] = []
  const turn = second.turn().then(() => seen.push(2))
  await settle()
  t.same(seen, [], 'a later arrival waits for one that does not ask yet')
  t.ok(lanes.mustWait(2))
  first.leave()
  await turn
  t.same(seen, [2])
  second.leave()
  second.leave()
  t.ok(lanes.idle)
})

t.test('who is cancelled while it waits hears of it at once, and is in nobody’s way', async (t) => {
  const lanes = new Lanes()
  const first = lanes.enter(1, ['a'])
  await first.turn()
  const second = lanes.enter(2, ['a'])
  const controller = new AbortController()
  const turn = second.turn(controller.signal)
  controller.abort(new Error('superseded'))
  await t.rejects(turn, { message: 'superseded' })
  second.leave()
  const third = lanes.enter(3, ['a'])
  first.leave()
  await third.turn()
  third.leave()
  t.ok(lanes.idle)
  await t.rejects(lanes.enter(4, ['a']).turn(AbortSignal.abort(new Error('before'))), { message: 'before' })
})

t.test('one that holds a lane is not asked to give it back when its signal aborts', async (t) => {
  const lanes = new Lanes()
  const controller = new AbortController()
  const first = lanes.enter(1, ['a'])
  await first.turn(controller.signal)
  controller.abort()
  t.ok(lanes.mustWait(lanes.enter(2, ['a']).arrival))
})
