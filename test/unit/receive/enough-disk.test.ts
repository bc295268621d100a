// A push is taken at exactly the free disk that is asked for, and refused below it, with both numbers.
import t from 'tap'
import { freeDisk } from '../../../src/lib/free-disk.ts'
import { enoughDisk } from '../../../src/receive/enough-disk.ts'

t.test('enough, and not enough', async (t) => {
  const free = await freeDisk(['/proc', t.testdir()])
  t.equal(free, 0, 'the least of all disks counts')
  await t.resolves(enoughDisk(['/proc'], 0))
  await t.rejects(enoughDisk(['/proc'], 1024 ** 2), {
    message: 'the receiver has 0 MiB of disk left and takes pushes from 1 MiB on',
    help: ['Its operator has to make room (or lower limits.freeDiskBytes); then push again.'],
  })
  await t.resolves(enoughDisk([t.testdir()], 1))
})
