import t from 'tap'
import { parseTtl, timeToCome } from '../../../src/lib/ttl.ts'

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

t.test('a time is a number and one letter', async (t) => {
  const table: Record<string, number | null> = {
    ...{ '30m': 30 * minute, '12h': 12 * hour, '14d': 14 * day, '2w': 14 * day, '9999w': 9999 * 7 * day },
    ...{
      '': null,
      '0d': null,
      '07d': null,
      '10000d': null,
      '1.5d': null,
      '7': null,
      d: null,
      '7D': null,
      '7d\n': null,
    },
  }
  for (const [text, expected] of Object.entries(table)) t.equal(parseTtl(text), expected, JSON.stringify(text))
})

t.test('what is to come is told in the units that matter', async (t) => {
  const table: [number, string][] = [
    [14 * day, '14 days'],
    [14 * day - 3, '14 days'],
    [14 * day - 5000, '13 days'],
    [day + 3 * hour + minute, '1 day 3 hours'],
    [2 * day, '2 days'],
    [day + minute, '1 day'],
    [90 * minute, '1 hour 30 minutes'],
    [minute, '1 minute'],
    [20_000, 'less than a minute'],
    [-5000, 'less than a minute'],
  ]
  for (const [time, text] of table) t.equal(timeToCome(time), text, text)
})
