import t from 'tap'
import { type Admitted, createAdmission } from '../../../../src/transport/ssh/admission.ts'
import { defaultSshLimits } from '../../../../src/transport/ssh/types.ts'

const limits = { ...defaultSshLimits, connections: 5, connectionsPerAddress: 2, unauthenticated: 3 }

/** Who was let in, or null; `out` lists who had to leave for another, and why. */
function admission(some = limits) {
  const admit = createAdmission(some)
  const out: string[] = []
  const enter = (address: string, name = address): Admitted | null => {
    const place = admit(address, (why) => out.push(`${name}: ${why}`))
    return typeof place === 'string' ? null : place
  }
  /** The same, and logs in. */
  const stay = (address: string) => {
    const place = enter(address)
    place?.authenticated()
    return place
  }
  return { admit: (address: string) => admit(address, () => undefined), enter, stay, out }
}

t.test('who is not let in is told which limit it was, and its value', async (t) => {
  const { admit, stay } = admission()
  for (const last of [1, 1, 2, 2]) stay(`192.0.2.${last}`)
  t.match(admit('192.0.2.1'), /from your address, which may have 2 \(limits\.ssh\.connectionsPerAddress\)/)
  stay('192.0.2.3')
  t.match(admit('192.0.2.6'), /here, which takes 5 \(limits\.ssh\.connections\)/)
})

t.test('one address gets its share, and gets it back', async (t) => {
  const { stay } = admission()
  const first = stay('192.0.2.1')
  t.ok(first)
  t.ok(stay('::ffff:192.0.2.1'), 'an IPv4 address counts as one in both spellings')
  t.notOk(stay('192.0.2.1'))
  t.ok(stay('192.0.2.2'))
  first?.left()
  first?.left()
  t.ok(stay('192.0.2.1'))
  t.notOk(stay('192.0.2.1'), 'leaving twice counts once')
})

t.test('who has not logged in makes room for the next one of its address', async (t) => {
  const { enter, stay, out } = admission()
  enter('192.0.2.1', 'first')
  enter('192.0.2.1', 'second')
  t.ok(enter('192.0.2.1', 'third'))
  t.same(out, [
    'first: too many connections from your address, which may have 2 (limits.ssh.connectionsPerAddress); try again in a moment',
  ])
  t.ok(stay('192.0.2.1'))
  t.match(out[1], /^second: /)
  t.ok(stay('192.0.2.1'))
  t.match(out[2], /^third: /)
  t.notOk(stay('192.0.2.1'), 'who has logged in makes room for nobody')
})

t.test('ATTACK: connections that never log in, from as many addresses as one likes, keep nobody out', async (t) => {
  const { enter, stay, out } = admission({ ...limits, connections: 50, unauthenticated: 10 })
  const flood = Array.from({ length: 300 }, (_, n) => enter(`198.51.100.${n % 150}`, `flood ${n}`))
  t.notOk(flood.includes(null))
  t.equal(out.length, 290)
  const one = enter('192.0.2.1', 'a pusher')
  for (let n = 0; n < 9; n++) enter(`203.0.113.${n}`, 'later')
  t.notOk(
    out.some((line) => line.startsWith('a pusher')),
    'nine more come, and the pusher has time to log in',
  )
  one?.authenticated()
  for (let n = 0; n < 300; n++) enter(`203.0.113.${n % 150}`, 'later')
  t.notOk(
    out.some((line) => line.startsWith('a pusher')),
    'and stays',
  )
  t.match(out.at(-1), /that have not logged in, of 10 at most \(limits\.ssh\.unauthenticated\)/)
  t.ok(stay('192.0.2.1'))
})

t.test('the address with the most of them makes room first', async (t) => {
  const { enter, out } = admission({ ...limits, connections: 50, unauthenticated: 4, connectionsPerAddress: 9 })
  enter('192.0.2.1', 'a pusher')
  for (const n of [1, 2, 3, 4, 5]) enter('198.51.100.1', `flood ${n}`)
  t.match(out, [/^flood 1: /, /^flood 2: /])
})

t.test('an IPv6 network of 64 bits counts as one address', async (t) => {
  const { stay } = admission()
  t.ok(stay('2001:db8::1'))
  t.ok(stay('2001:db8:0:0:ffff::1'))
  t.notOk(stay('2001:db8:0:0:1:2:3:4'))
  t.ok(stay('2001:db8:0:1::1'))
})
