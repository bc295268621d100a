// A disk that fills up during a deploy: the pusher reads it, the release before serves, and all that is needed to go on is room. The
// other steps are in `npm run chaos`.
import t from 'tap'
import { fullDisk } from '../../bench/chaos/full-disk.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can mount small disks'
const cases = '^: (what is built does not fit|`activate` fills it|full from S1 on)'

t.test('a full disk', { skip }, async (t) => {
  const found = await fullDisk(1, cases)
  t.equal(found.length, 3, found.map(({ what }) => what).join())
  for (const { what, wrong } of found) t.same(wrong, [], what)
})
