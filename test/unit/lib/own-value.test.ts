import t from 'tap'
import { ownValue } from '../../../src/lib/own-value.ts'

t.test('a record has what was put into it, and nothing else', async (t) => {
  for (const name of ['constructor', 'toString', '__proto__']) {
    t.equal(ownValue({ main: 1 }, name), undefined, name)
    t.equal(ownValue(JSON.parse(`{"${name}": 1}`), name), 1, `${name}, put there`)
  }
  t.equal(ownValue({ main: 1 }, 'main'), 1)
  t.equal(ownValue(undefined, 'main'), undefined)
})
