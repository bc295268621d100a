import t from 'tap'
import { type Admitted, createAdmission } from '../../../../src/transport/ssh/admission.ts'
import { defaultSshLimits } from '../../../../src/transport/ssh/types.ts'

const limits = { ...defaultSshLimits, connections: 5, connectionsPerAddress: 2, unauthenticated: 3 }

/** Who was let in, or null. */
function admission(): (address: string) => Admitted | null {
  const admit = createAdmission(limits)
  return (address) => {
    const place = admit(address)
    return typeof place === 'string' ? null : place
  }
}

t.test('who is not let in is told which limit it was, and its value', async (t) => {
  const admit = createAdmission(limits)
  for (const last of [1, 1, 2]) admit(`192.0.2.${last}`)
  t.match(admit('192.0.2.1'), /from your address, which may have 2 \(limits\.ssh\.connectionsPerAddress\)/)
  t.match(admit('192.0.2.3'), /that have not logged in, of 3 at most \(limits\.ssh\.unauthenticated\)/)
  const all = createAdmission({ ...limits, unauthenticated: 9 })
  for (const last of [1, 2, 3, 4, 5]) t.type(all(`192.0.2.${last}`), 'object')
  t.match(all('192.0.2.6'), /here, which takes 5 \(limits\.ssh\.connections\)/)
})

t.test('one address gets its share, and gets it back', async (t) => {
  const admit = admission()
  const first = admit('192.0.2.1')
  t.ok(first)
  t.ok(admit('::ffff:192.0.2.1'), 'an IPv4 address counts as one in both spellings')
  t.notOk(admit('192.0.2.1'))
  t.ok(admit('192.0.2.2'))
  first?.left()
  first?.left()
  t.ok(admit('192.0.2.1'))
  t.notOk(admit('192.0.2.1'), 'leaving twice counts once')
})

t.test('an IPv6 network of 64 bits counts as one address', async (t) => {
  const admit = admission()
  t.ok(admit('2001:db8::1'))
  t.ok(admit('2001:db8:0:0:ffff::1'))
  t.notOk(admit('2001:db8:0:0:1:2:3:4'))
  t.ok(admit('2001:db8:0:1::1'))
})

t.test('those who have not logged in are counted apart', async (t) => {
  const admit = admission()
  const one = admit('192.0.2.1')
  admit('192.0.2.2')
  admit('192.0.2.3')
  t.notOk(admit('192.0.2.4'))
  one?.authenticated()
  const four = admit('192.0.2.4')
  t.ok(four)
  four?.authenticated()
  t.ok(admit('192.0.2.5'))
  t.notOk(admit('192.0.2.6'), 'five in all')
})
