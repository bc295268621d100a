// Records as each older hostenv wrote them, brought to the present schema by the command; nothing that they knew is lost.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { migrations } from '../../src/state/migrations.ts'
import { State } from '../../src/state/state.ts'
import { schemaVersion } from '../../src/state/upgrade.ts'
import { hostenv } from '../helpers/programs.ts'
import { tempDir } from '../helpers/temp-dir.ts'

// As the first version wrote it; never to be edited, like the first migration.
const rows = `
  INSERT INTO project VALUES ('acme/shop', 'c1', '{"environments":{},"defaultEnvironment":null,"warnings":[]}');
  INSERT INTO environment (project, key, user_name, live, broken) VALUES ('acme/shop', 'main', 'shop-main-4f7240c', 2, NULL);
  INSERT INTO environment (project, key, user_name, live, broken) VALUES ('acme/shop', 'dev', 'shop-dev-0000000', NULL, 'why');
  INSERT INTO deploy (id, project, key, ref, old, new, pusher, fingerprint, repository, stage, received_at)
    VALUES (1, 'acme/shop', 'main', 'refs/heads/main', '0', 'c1', 'alice', 'SHA256:a', '/r', 'done', '2026-01-01T00:00:00.000Z'),
           (2, 'acme/shop', 'main', 'refs/heads/main', 'c1', 'c2', 'bob', 'SHA256:b', '/r', 'done', '2026-01-02T00:00:00.000Z'),
           (3, 'acme/shop', 'main', 'refs/heads/main', 'c2', 'c3', 'bob', 'SHA256:b', '/r', 'failed', '2026-01-03T00:00:00.000Z');
  INSERT INTO release (project, key, n, generation, commit_oid, tree, store_path, by, at, label, deploy, stages)
    VALUES ('acme/shop', 'main', 1, 1, 'c1', 't1', '/nix/store/a', 'alice', '2026-01-01T00:00:00.000Z', NULL, 1, '{"build":7}'),
           ('acme/shop', 'main', 2, 2, 'c2', 't2', '/nix/store/b', 'bob', '2026-01-02T00:00:00.000Z', 'two', 2, '{}');
  INSERT INTO tree VALUES ('t2', '/nix/store/source');
`

/** A state directory as the version with that schema left it. */
function older(t: Parameters<typeof tempDir>[0], version: number): string {
  const folder = tempDir(t, 'u')
  const db = new DatabaseSync(join(folder, 'hostenv.db'))
  migrations.slice(0, version).forEach((step, index) => {
    db.exec(step)
    if (index === 0) db.exec(rows)
  })
  db.exec(`PRAGMA user_version = ${version}`)
  db.close()
  return folder
}

const current = migrations.length

for (let version = 1; version < current; version++)
  t.test(`a record with schema ${version}`, async (t) => {
    const folder = older(t, version)
    const upgrade = (...more: string[]) => hostenv(['upgrade-state', '--state', folder, ...more], folder)
    t.match(await upgrade('--check'), {
      code: 1,
      stdout: `The record has schema ${version}; this hostenv knows ${current}.`,
    })
    t.match(await upgrade(), { code: 0, stdout: new RegExp(`^Upgraded from schema ${version} to ${current}\\.\\n`) })
    t.match(await upgrade('--check'), { code: 0 })
    t.match(await upgrade(), { code: 0, stdout: `Nothing to do: the record has schema ${current}.` })

    using state = new State(folder, () => null)
    t.match(state.environments.all(), [
      { key: 'dev', live: null, broken: 'why' },
      { key: 'main', live: 2, user_name: 'shop-main-4f7240c' },
    ])
    t.match(state.environments.releases('acme/shop', 'main'), [
      { n: 2, commit: 'c2', label: 'two', outcome: 'live' },
      { n: 1, commit: 'c1', stages: { build: 7 }, outcome: 'superseded' },
    ])
    t.match(state.deploys.get(3), { stage: 'failed', pusher: 'bob' })
    t.strictSame(state.deploys.open(), [])
    t.equal(state.projects.treePath('t2'), '/nix/store/source')
    t.ok(state.projects.get('acme/shop')?.policy)
    const next = state.deploys.receive({
      ...{
        kind: 'push',
        key: null,
        project: 'acme/shop',
        ref: 'refs/heads/main',
        old: 'c2',
        new: 'c4',
        repository: '/r',
      },
      ...{ pusher: 'bob', fingerprint: 'SHA256:b' },
    })
    t.equal(next, 4, 'and it is written to')

    const copy = join(folder, `upgrades/hostenv-schema-${version}.db`)
    t.ok(existsSync(copy))
    const kept = new DatabaseSync(copy)
    t.teardown(() => kept.close())
    t.equal(schemaVersion(kept), version)
    t.same(kept.prepare('SELECT count(*) AS n FROM release').get(), { n: 2 })
  })

t.test('a record of a newer version is left alone, and says so', async (t) => {
  const folder = older(t, 1)
  const db = new DatabaseSync(join(folder, 'hostenv.db'))
  db.exec(`PRAGMA user_version = ${current + 1}`)
  db.close()
  const refused = await hostenv(['upgrade-state', '--state', folder], folder)
  t.match(refused, {
    code: 1,
    stderr: /was written by a newer hostenv \(schema \d+, this one knows \d+\): use that version/,
  })
})
