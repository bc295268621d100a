import fc from 'fast-check'
import t from 'tap'
import { parsePushOptions } from '../../../src/receive/push-options.ts'
import { Refused } from '../../../src/records.ts'

const limits = { pushOptions: 3, pushOptionLength: 20 }

t.test('known options are taken', async (t) => {
  t.same(parsePushOptions([], limits), { trace: false, color: false, confirm: [], force: [] })
  t.same(parsePushOptions(['trace', 'confirm=live', 'force=a=b'], limits), {
    ...{ trace: true, color: false, confirm: ['live'], force: ['a=b'] },
  })
  t.same(parsePushOptions(['color'], limits), { trace: false, color: true, confirm: [], force: [] })
})

t.test('everything else is refused by name', async (t) => {
  for (const option of [
    '',
    'Trace',
    'colour',
    'color=always',
    'trace=1',
    ' trace',
    'confirm',
    'force',
    'env=main',
    'ci.skip',
    '__proto__',
  ])
    t.throws(() => parsePushOptions(['trace', option], limits), new Refused(`unknown push option '${option}'`), option)
})

t.test('number and length have limits', async (t) => {
  t.throws(() => parsePushOptions(['trace', 'trace', 'trace', 'trace'], limits), /too many push options: at most 3/)
  t.throws(() => parsePushOptions([`confirm=${'x'.repeat(20)}`], limits), /longer than 20/)
})

t.test('nothing but a refusal is ever thrown', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (options) => {
      try {
        parsePushOptions(options, limits)
      } catch (error) {
        t.type(error, Refused)
      }
    }),
  )
})
