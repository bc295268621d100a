import { createHash } from 'node:crypto'
import t from 'tap'
import { environmentFacts, normalise, safeEnvironmentName, slug, userName } from '../../../src/lib/names.ts'
import { table } from '../../nix/names-table.ts'

t.test('names follow from organisation, project and key', async (t) => {
  for (const [organisation, project, key, org, proj, user, safe] of table) {
    const id = normalise(organisation, project)
    t.strictSame(id, { organisation: org, project: proj })
    const hash = createHash('sha256').update(`${org}-${proj}-${key}\n`).digest('hex').slice(0, 7)
    t.equal(userName(org, proj, key), `${user}-${hash}`, key)
    t.equal(safeEnvironmentName(key), safe)
    t.match(userName(org, proj, key), /^[a-z0-9-]{9,31}$/)
  }
})

t.test('the examples of the contract have the hashes it says', async (t) => {
  const examples: [string, string, string, string][] = [
    ['acme', 'shop', 'main', 'shop-main-4f7240c'],
    ['acme', 'shop', 'feature/foo', 'shop-foo-da6cc42'],
    ['acme', 'shop', 'feature/main/add-exciting-feature', 'shop-add-b02133d'],
    ['Acme-Inc', 'my-cool-project', 'user-testing', 'mycoolproje-user-cdb6fc5'],
  ]
  for (const [organisation, project, key, expected] of examples) {
    const id = normalise(organisation, project)
    t.equal(userName(id.organisation, id.project, key), expected)
  }
})

t.test('a slug is at most 11 characters of the last part', async (t) => {
  for (const [, , key] of table) {
    t.ok(slug(key).length <= 11 && slug(key).length > 0)
    t.notMatch(slug(key), /^-|-$|--/)
  }
})

t.test('directories and host name follow from the user name', async (t) => {
  const site = { domain: 'example.org', runtimeDir: '/run/hostenv', stateDir: '/var/lib/hostenv' }
  t.strictSame(environmentFacts({ organisation: 'acme', project: 'shop' }, 'feature/foo', 'foo', site), {
    organisation: 'acme',
    project: 'shop',
    environmentName: 'feature/foo',
    safeEnvironmentName: 'feature-foo',
    gitRef: 'foo',
    userName: 'shop-foo-da6cc42',
    hostname: 'shop-foo-da6cc42.example.org',
    runtimeDir: '/run/hostenv/user/shop-foo-da6cc42',
    upstreamRuntimeDir: '/run/hostenv/upstream/shop-foo-da6cc42',
    dataDir: '/var/lib/hostenv/env/shop-foo-da6cc42/data',
    stateDir: '/var/lib/hostenv/env/shop-foo-da6cc42/state',
    cacheDir: '/var/lib/hostenv/env/shop-foo-da6cc42/cache',
  })
})
