// Which project has which host name, what changes while the receiver runs, and what a user may do.
import t from 'tap'
import { toConfig } from '../../../src/config/config.ts'
import { canonicalBranch, granted } from '../../../src/config/grants.ts'
import { inForce } from '../../../src/config/in-force.ts'
import type { Manifest } from '../../../src/records.ts'
import { People } from '../../../src/state/people.ts'
import type { Projects } from '../../../src/state/projects.ts'

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

t.test('what each level of access allows', async (t) => {
  const environment = (users: object) => ({ enable: true, users, hostenv: { gitRef: 'main' } })
  const policy = {
    environments: { main: environment({ pia: { publicKeys: ['key of pia'] } }), dev: environment({}) },
  } as unknown as Manifest
  const rows = [{ name: 'a/b', policyCommit: '', policy }]
  const projects = {
    all: () => rows,
    get: (name: string) => rows.find((row) => row.name === name) ?? null,
  } as unknown as Projects
  const people = new People(projects, (line) => line.replace('key of ', ''))
  const access = { ruth: 'read', paul: 'push', ada: 'administer' } as const
  people.setOperators({
    users: new Map(
      ['root', 'none', ...Object.keys(access)].map((user) => [user, { user, administrator: user === 'root' }]),
    ),
    access: (project, user) => (project === 'nobody/else' ? null : (access[user as 'ruth'] ?? null)),
  })
  const may = (user: string) => {
    const pusher = people.identify(user)
    if (!pusher) return null
    const enters = ['a/b', 'a/new', 'nobody/else'].map((project) => people.mayEnter(pusher, project))
    const deploys = [
      people.mayDeploy(pusher, 'a/b', policy, 'main'),
      people.mayDeploy(pusher, 'a/b', policy, 'dev'),
      people.mayDeploy(pusher, 'a/new', null, 'main'),
    ]
    return [...enters, ...deploys].map((yes) => (yes ? 'x' : '-')).join('') + people.accessible(pusher).length
  }
  t.same(may('root'), 'xxxxxx1')
  t.same(may('ada'), 'xx-xxx1', 'who administers a project may make its first push')
  t.same(may('paul'), 'x--xx-1')
  t.same(may('ruth'), 'x-----1')
  t.same(may('none'), '------0')
  t.same(may('pia'), 'x--x--1', 'whom the project names, for that environment')
  t.equal(may('stranger'), null)
})
