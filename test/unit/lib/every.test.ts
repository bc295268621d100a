import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { every } from '../../../src/lib/every.ts'

t.test('a changed interval holds within a second, and an ended one is over', async (t) => {
  let interval = 60 * 60 * 1000
  let done = 0
  const again = every(
    () => interval,
    () => {
      done++
    },
  )
  await sleep(50)
  t.equal(done, 0)
  interval = 10
  for (const until = Date.now() + 20_000; done < 3 && Date.now() < until; ) await sleep(10)
  t.ok(done >= 3)
  again.abort()
  const then = done
  await sleep(50)
  t.equal(done, then)
})

t.test('work may end it', async (t) => {
  let done = 0
  const again = every(
    () => 1,
    () => {
      done++
      again.abort()
    },
  )
  await sleep(50)
  t.equal(done, 1)
})

t.test('work that goes on is not begun again', async (t) => {
  let begun = 0
  const gate = Promise.withResolvers<void>()
  const again = every(
    () => 5,
    () => {
      begun++
      return gate.promise
    },
  )
  await sleep(100)
  t.equal(begun, 1)
  gate.resolve()
  for (const until = Date.now() + 20_000; begun < 2 && Date.now() < until; ) await sleep(10)
  t.ok(begun >= 2)
  again.abort()
})
