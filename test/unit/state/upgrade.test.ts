import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { migrations } from '../../../src/state/migrations.ts'
import { schemaVersion, upgrade } from '../../../src/state/upgrade.ts'

const steps = ['CREATE TABLE one (x TEXT)', "INSERT INTO one VALUES ('kept')", 'CREATE TABLE three (x TEXT)']

function database(t: Test) {
  const folder = t.testdir()
  const db = new DatabaseSync(join(folder, 'hostenv.db'))
  t.teardown(() => db.close())
  return { db, folder }
}

t.test('an empty state gets the whole schema, and needs no copy', async (t) => {
  const { db, folder } = database(t)
  t.strictSame(upgrade(db, folder), { from: 0, to: migrations.length, copy: null })
  t.strictSame(upgrade(db, folder), { from: migrations.length, to: migrations.length, copy: null })
})

t.test('an older state is copied first and then upgraded step by step', async (t) => {
  const { db, folder } = database(t)
  upgrade(db, folder, steps.slice(0, 2))
  const { copy, ...versions } = upgrade(db, folder, steps)
  t.strictSame(versions, { from: 2, to: 3 })
  t.strictSame({ ...db.prepare('SELECT * FROM one').get() }, { x: 'kept' })
  const before = new DatabaseSync(copy ?? '')
  t.equal(schemaVersion(before), 2)
  t.strictSame({ ...before.prepare('SELECT * FROM one').get() }, { x: 'kept' })
  before.close()
})

t.test('a step that fails is taken back, says where the copy is, and can be tried again', async (t) => {
  const { db, folder } = database(t)
  upgrade(db, folder, steps.slice(0, 1))
  const broken = [...steps.slice(0, 2), 'CREATE TABLE three (x TEXT); SELECT nothing FROM nowhere']
  t.throws(() => upgrade(db, folder, broken), { message: /upgrade to schema 3 failed .* is in .*hostenv-schema-1\.db/ })
  t.equal(schemaVersion(db), 2)
  t.throws(() => db.prepare('SELECT * FROM three'))
  t.match(upgrade(db, folder, steps), { from: 2, to: 3 })
})

t.test('a state of a newer version is left alone', async (t) => {
  const { db, folder } = database(t)
  upgrade(db, folder, steps)
  t.throws(() => upgrade(db, folder, steps.slice(0, 2)), { message: /newer hostenv/ })
  t.equal(schemaVersion(db), 3)
})
