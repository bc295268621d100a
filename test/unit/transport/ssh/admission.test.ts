import t from 'tap'
import { createAdmission } from '../../../../src/transport/ssh/admission.ts'
import { defaultSshLimits } from '../../../../src/transport/ssh/types.ts'

const limits = { ...defaultSshLimits, connections: 5, connectionsPerAddress: 2, unauthenticated: 3 }

t.test('one address gets its share, and gets it back', async (t) => {
  const admit = createAdmission(limits)
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
  const admit = createAdmission(limits)
  t.ok(admit('2001:db8::1'))
  t.ok(admit('2001:db8:0:0:ffff::1'))
  t.notOk(admit('2001:db8:0:0:1:2:3:4'))
  t.ok(admit('2001:db8:0:1::1'))
})

t.test('those who have not logged in are counted apart', async (t) => {
  const admit = createAdmission(limits)
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
