import t from 'tap'
import { DeployTotals, outcomeOf } from '../../../src/operate/deploy-totals.ts'
import type { DeployRow } from '../../../src/state/deploys.ts'

type Some = Pick<DeployRow, 'id' | 'stage' | 'reason' | 'release' | 'stages'>
const row = (id: number, more: Partial<Some> = {}): Some => ({
  id,
  stage: 'done',
  reason: null,
  release: 1,
  stages: '{}',
  ...more,
})

t.test('every reason that a push can be told has an outcome', async (t) => {
  const failed = (reason: string) => outcomeOf({ stage: 'failed', reason, release: null })
  const table: [string, string][] = [
    ['build failed: shop-frontend exit 1', 'build_failed'],
    ['activate failed: exit 3', 'activate_failed'],
    ['web died: exit 1', 'check_failed'],
    ['web did not stay up for 2 s', 'check_failed'],
    ['GET /: 500 within 30 s', 'check_failed'],
    ['listens on port 80', 'check_failed'],
    ['cancelled: the client went away', 'cancelled'],
    ['superseded by 3f2a91c', 'cancelled'],
    ['interrupted: the receiver was stopped; push again', 'cancelled'],
    ['the receiver is shutting down; push again', 'cancelled'],
    ['the disk of the receiver is full', 'receiver_failed'],
    ['the receiver could not do its part', 'receiver_failed'],
    ['stale: main is now 3f2a91c; fetch first', 'refused'],
  ]
  for (const [reason, outcome] of table) t.equal(failed(reason), outcome, reason)
  t.equal(outcomeOf(row(1)), 'live')
  t.equal(outcomeOf(row(1, { release: null })), 'stopped')
  t.equal(outcomeOf(row(1, { stage: 'switching' })), null)
})

t.test('a deploy is counted once, whenever it ends, and what is settled is not read again', async (t) => {
  const rows = [row(1, { stages: '{"build":2000}' }), row(2, { stage: 'built' }), row(3, { stages: '{"build":4000}' })]
  const asked: number[] = []
  const totals = new DeployTotals({
    after: (id) => {
      asked.push(id)
      return rows.filter((one) => one.id > id) as DeployRow[]
    },
  })
  t.equal(totals.read().outcomes.get('live'), 2)
  t.equal(totals.read().outcomes.get('live'), 2, 'reading changes nothing')
  rows[1] = row(2, { stages: '{"build":6000}' })
  const { outcomes, stages } = totals.read()
  t.equal(outcomes.get('live'), 3)
  t.match(stages.get('build'), { sum: 12, count: 3 })
  totals.read()
  t.strictSame(asked, [0, 1, 1, 3])
})
