// Whatever people and machines do, in whatever order: after each step refs, profiles, record, front door and services say the same,
// and what a small model of the rules says.
import t from 'tap'
import { liveThrough } from '../helpers/life/live-through.ts'

t.setTimeout(1_500_000)
t.test('the life of environments', { timeout: 1_490_000 }, (t) => liveThrough(t, 0, 150))
