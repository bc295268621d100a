import t from 'tap'
import { Histogram, histogram, metricsText } from '../../../src/operate/metrics-text.ts'
import { parseMetrics } from '../../helpers/metrics.ts'

t.test('each metric is one block: HELP, TYPE, samples', async (t) => {
  const text = metricsText([
    { name: 'a_total', type: 'counter', help: 'How many.', samples: [{ value: 3 }] },
    { name: 'b', type: 'gauge', help: 'Now.', samples: [{ labels: { state: 'live', x: 'y' }, value: 0.5 }] },
  ])
  t.equal(
    text,
    '# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n# HELP b Now.\n# TYPE b gauge\nb{state="live",x="y"} 0.5\n',
  )
})

t.test('what would break a line is escaped', async (t) => {
  const text = metricsText([
    { name: 'a', type: 'gauge', help: 'one\ntwo \\', samples: [{ labels: { l: 'say "hi"\n\\' }, value: 1 }] },
  ])
  t.equal(text, '# HELP a one\\ntwo \\\\\n# TYPE a gauge\na{l="say \\"hi\\"\\n\\\\"} 1\n')
  t.strictSame(parseMetrics(text).get('a')?.samples, [{ name: 'a', labels: { l: 'say "hi"\n\\' }, value: 1 }])
})

t.test('numbers without an end have their own words', async (t) => {
  const value = (value: number) =>
    metricsText([{ name: 'a', type: 'gauge', help: 'x', samples: [{ value }] }]).split('\n')[2]
  t.strictSame([Infinity, -Infinity, NaN, 1e21, 0].map(value), ['a +Inf', 'a -Inf', 'a NaN', 'a 1e+21', 'a 0'])
})

t.test('names that the format does not know are mistakes of ours', async (t) => {
  const metric = { type: 'gauge', help: 'x' } as const
  t.throws(() => metricsText([{ ...metric, name: 'a-b', samples: [] }]))
  for (const name of ['a-b', '__x', '1a', ''])
    t.throws(() => metricsText([{ ...metric, name: 'a', samples: [{ labels: { [name]: 'x' }, value: 1 }] }]), name)
})

t.test('a histogram is cumulative, and its last bucket is its count', async (t) => {
  const h = new Histogram([1, 5])
  for (const value of [0.5, 1, 3, 100]) h.observe(value)
  const text = metricsText([
    { name: 'h_seconds', type: 'histogram', help: 'x', samples: histogram(h, { stage: 'build' }) },
  ])
  t.strictSame(text.split('\n').slice(2, -1), [
    'h_seconds_bucket{stage="build",le="1"} 2',
    'h_seconds_bucket{stage="build",le="5"} 3',
    'h_seconds_bucket{stage="build",le="+Inf"} 4',
    'h_seconds_sum{stage="build"} 104.5',
    'h_seconds_count{stage="build"} 4',
  ])
  t.equal(h.clone().count, 4)
})
