import fc from 'fast-check'
import { t } from 'tap'
import { statusReason } from '../../../src/report/status.ts'

t.test('the reason is one line with the deploy that has its log', async (t) => {
  t.equal(statusReason('build failed: web exit 1', 41), 'build failed: web exit 1; log d41')
  t.equal(statusReason('no such branch'), 'no such branch')
  t.equal(statusReason('\u001b[31mred\u001b[0m\nsecond\tline\u0000', 1), 'red second line; log d1')
  t.equal(statusReason('', 1), 'refused; log d1')
})

t.test('it is never longer than 200 bytes, whatever is in it', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(), (text, deploy) => {
      const reason = statusReason(text, deploy)
      return Buffer.byteLength(reason) <= 200 && !/\p{Cc}/u.test(reason) && reason.endsWith(`; log d${deploy}`)
    }),
  )
  t.match(statusReason('é'.repeat(300), 7), /^é+…; log d7$/)
})
