import fc from 'fast-check'
import t from 'tap'
import { noPushOptions, parsePushOptions } from '../../../src/receive/push-options.ts'
import { Refused } from '../../../src/records.ts'

const limits = { pushOptions: 3, pushOptionLength: 20 }

t.test('known options are taken', async (t) => {
  t.same(parsePushOptions([], limits), noPushOptions)
  t.same(parsePushOptions(['trace', 'confirm=live', 'force=a=b'], limits), {
    ...{ ...noPushOptions, trace: true, confirm: ['live'], force: ['a=b'] },
  })
  t.same(parsePushOptions(['color', 'confirm=a', 'confirm=b'], limits), {
    ...{ ...noPushOptions, color: true, confirm: ['a', 'b'] },
  })
  t.same(parsePushOptions(['dry-run', 'detach', 'ttl=7d'], limits), {
    ...{ ...noPushOptions, dryRun: true, detach: true, ttl: '7d' },
  })
  t.same(parsePushOptions(['no-activate', 'env=feature/foo', 'env=feature/foo'], limits), {
    ...{ ...noPushOptions, noActivate: true, env: 'feature/foo' },
  })
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
    'env',
    'ttl',
    'dry-run=1',
    'dryRun',
    'ci.skip',
    '__proto__',
  ])
    t.throws(() => parsePushOptions(['trace', option], limits), new Refused(`unknown push option '${option}'`), option)
})

t.test('one that is nearly known is told what may have been meant', async (t) => {
  const help = (option: string) => {
    try {
      parsePushOptions([option], limits)
    } catch (error) {
      return (error as Refused).help[0]
    }
    return undefined
  }
  t.equal(help('dryrun'), 'Did you mean -o dry-run?')
  t.equal(help('colour'), 'Did you mean -o color?')
  t.equal(help('env'), 'Did you mean -o env=KEY?')
  t.match(help('nonsense'), /^Known, each after -o: trace, .*force=KEY$/)
})

t.test('values that mean nothing, and options that contradict, are refused', async (t) => {
  for (const ttl of ['', '7', 'soon', '0d', '-1d', '7D', '99999d', '7d '])
    t.throws(() => parsePushOptions([`ttl=${ttl}`], limits), /takes a time like 12h, 7d or 2w/, ttl)
  t.throws(() => parsePushOptions(['env='], limits), /takes the key of an environment/)
  t.throws(() => parsePushOptions(['ttl=1d', 'ttl=2d'], limits), /push option ttl is given twice/)
  t.throws(() => parsePushOptions(['env=a', 'env=b'], limits), /push option env is given twice/)
  t.throws(() => parsePushOptions(['dry-run', 'no-activate'], limits), /exclude each other/)
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
