import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { holdState, openDatabase, StateInUse, transaction } from '../../../src/state/database.ts'
import { migrations } from '../../../src/state/migrations.ts'
import { State } from '../../../src/state/state.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const a = 'a'.repeat(40)
const b = 'b'.repeat(40)
const deploy = {
  kind: 'push' as const,
  key: null,
  project: 'acme/shop',
  ref: 'refs/heads/main',
  old: a,
  new: b,
  pusher: 'alice',
  fingerprint: 'f',
  repository: '/r',
}

t.test('a state is made from nothing, and opened again as it is', async (t) => {
  const directory = tempDir(t)
  for (const _time of [1, 2]) {
    using db = openDatabase(directory)
    t.same(db.prepare('PRAGMA user_version').get(), { user_version: migrations.length })
    t.same(db.prepare('PRAGMA journal_mode').get(), { journal_mode: 'wal' })
    t.same(db.prepare('PRAGMA synchronous').get(), { synchronous: 2 }, 'a commit is on the disk when it returns')
  }
})

t.test('a newer schema is refused with a sentence, and left alone', async (t) => {
  const directory = tempDir(t)
  openDatabase(directory).close()
  using newer = new DatabaseSync(join(directory, 'hostenv.db'))
  newer.exec(`PRAGMA user_version = ${migrations.length + 1}`)
  t.throws(() => openDatabase(directory), /written by a newer hostenv .* use that version\.$/)
  t.same(newer.prepare('PRAGMA user_version').get(), { user_version: migrations.length + 1 })
})

t.test('all of a transaction is kept, or nothing', async (t) => {
  const directory = tempDir(t)
  using state = new State(directory, () => null)
  const failing = () =>
    state.atomically(() => {
      state.deploys.receive(deploy)
      throw new Error('half way')
    })
  t.throws(failing, /half way/)
  t.same(state.deploys.open(), [])
  t.equal(
    state.atomically(() => state.deploys.receive(deploy)),
    1,
    'a number that was never seen is not spent',
  )
  using db = openDatabase(directory)
  t.throws(() => transaction(db, () => db.exec('ROLLBACK; SELECT * FROM nowhere')), /nowhere/, 'the cause is told')
})

t.test('one receiver at a time, until its process or its hold ends', async (t) => {
  const directory = tempDir(t)
  {
    using _held = holdState(directory)
    t.throws(
      () => holdState(directory),
      new StateInUse(
        `Another hostenv runs on ${directory}: stop it first, or name another directory with --state DIR.`,
      ),
    )
  }
  holdState(directory)[Symbol.dispose]()
})

t.test('who set a ref: the latest that was committed with that value', async (t) => {
  using state = new State(tempDir(t), () => null)
  const { deploys } = state
  const [first, second, third] = [deploys.receive(deploy), deploys.receive(deploy), deploys.receive(deploy)]
  t.equal(deploys.whoSet('acme/shop', deploy.ref, b), null, 'an attempt sets nothing')
  deploys.update(first, { stage: 'done' })
  deploys.update(second, { stage: 'committed' })
  deploys.fail(third, 'no')
  t.equal(deploys.whoSet('acme/shop', deploy.ref, b)?.id, second)
  t.equal(deploys.whoSet('acme/shop', deploy.ref, a), null)
  t.same(
    deploys.open().map(({ id }) => id),
    [second],
  )
})

t.test('a user name belongs to the environment that had it first', async (t) => {
  using state = new State(tempDir(t), () => null)
  const { environments } = state
  t.equal(environments.reserve('acme/shop', 'main', 'shop-main-1'), null)
  t.equal(environments.reserve('acme/shop', 'main', 'shop-main-1'), null, 'again')
  t.match(environments.reserve('acme/other', 'main', 'shop-main-1'), { project: 'acme/shop' })
  environments.setBroken('acme/shop', 'main', 'why')
  t.equal(environments.get('acme/shop', 'main')?.broken, 'why')
  environments.setLive('acme/shop', 'main', null)
  t.equal(environments.get('acme/shop', 'main')?.broken, null)
})
