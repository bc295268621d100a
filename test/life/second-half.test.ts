// The other half of what first-half.test.ts says: two files run side by side.
import t from 'tap'
import { liveThrough } from '../helpers/life/live-through.ts'

t.setTimeout(1_500_000)
t.test('the life of environments, with other sequences', { timeout: 1_490_000 }, (t) => liveThrough(t, 1, 150))
