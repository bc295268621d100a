// Times and sizes are read with their unit, exactly, and shown in their shortest form.
import t from 'tap'
import { parseSize, parseTime, sizeText, timeText } from '../../../src/config/units.ts'

t.test('times', async (t) => {
  const times = { '500ms': 500, '60s': 60_000, '5m': 300_000, '1.5h': 5_400_000, '2 d': 172_800_000, '0s': 0 }
  for (const [text, value] of Object.entries(times)) t.equal(parseTime(text), value, text)
  for (const text of ['60', 's', '-1s', '1S', '1e3s', '1w', '', '1s ', '999999999999999d', '1 toString'])
    t.equal(parseTime(text), null, text)
})

t.test('sizes', async (t) => {
  const sizes = { '512B': 512, '64KiB': 65_536, '1.5MiB': 1_572_864, '2 GiB': 2 ** 31, '1TiB': 2 ** 40 }
  t.equal(parseSize('1125899906842624B'), 1024 ** 5, 'the most that a limit may be, in its smallest unit')
  for (const [text, value] of Object.entries(sizes)) t.equal(parseSize(text), value, text)
  for (const text of ['64', '64KB', '64kib', '1G', 'GiB', '999999999999999TiB']) t.equal(parseSize(text), null, text)
})

t.test('what is shown reads as it was', async (t) => {
  for (const value of [0, 1, 999, 1000, 90_000, 3_600_000, 86_400_000, 172_800_001])
    t.equal(parseTime(timeText(value)), value, timeText(value))
  for (const value of [0, 1, 1023, 1024, 2 ** 31, 2 ** 40, 2 ** 40 + 1])
    t.equal(parseSize(sizeText(value)), value, sizeText(value))
  t.same([timeText(90_000), timeText(3_600_000), sizeText(2 ** 31), sizeText(1000)], ['90s', '1h', '2GiB', '1000B'])
})
