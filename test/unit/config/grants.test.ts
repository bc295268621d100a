// Which project has which host name, what changes while the receiver runs.
import t from 'tap'
import { toConfig } from '../../../src/config/config.ts'
import { canonicalBranch, granted } from '../../../src/config/grants.ts'
import { inForce } from '../../../src/config/in-force.ts'

const env = { home: '/h', path: '', stateHome: '/h/s', runtimeDir: '/run/x', user: undefined }

t.test('the exact name wins over `*.`, and the nearest `*.` over farther ones', async (t) => {
  const projects = {
    'a/one': { domains: ['shop.org', '*.eu.shop.org'] },
    'a/two': { domains: ['*.shop.org', 'x.eu.shop.org'], canonicalBranch: 'trunk' },
  }
  const config = toConfig({}, env, { projects })
  const owners = {
    'shop.org': 'a/one',
    'b.shop.org': 'a/two',
    'b.eu.shop.org': 'a/one',
    'x.eu.shop.org': 'a/two',
    'y.x.eu.shop.org': 'a/one',
    'eu.shop.org': 'a/two',
    org: null,
    'evilshop.org': null,
  }
  for (const [name, owner] of Object.entries(owners))
    for (const project of ['a/one', 'a/two', 'a/three'])
      t.equal(granted(config, name, project), project === owner, `${name} ${project}`)
  t.same(
    ['a/one', 'a/two', 'a/none', 'toString'].map((name) => canonicalBranch(config, name)),
    ['main', 'trunk', 'main', 'main'],
  )
})

t.test('users, projects and limits change at once; the rest waits and is named', async (t) => {
  const before = toConfig({}, env)
  const next = toConfig({}, env, {
    ...{ listen: { http: '127.0.0.1:99' }, domain: 'x.org', state: '/elsewhere', nix: { options: { cores: 1 } } },
    ...{
      users: { al: {} },
      projects: { 'a/b': {} },
      limits: { buildsAtOnce: 7, treeCheckInterval: 100, ssh: { connections: 3 } },
    },
  })
  const { config, waiting } = inForce(before, next)
  t.same(waiting, ['listen.http', 'domain', 'state', 'nix'])
  t.match(config, {
    http: before.http,
    domain: 'localhost',
    stateDir: before.stateDir,
    limits: { buildsAtOnce: 7, treeCheckInterval: 100, ssh: { connections: 3 } },
  })
  t.same([Object.keys(config.users), Object.keys(config.projects)], [['al'], ['a/b']])
  t.same(inForce(before, before).waiting, [])
})
