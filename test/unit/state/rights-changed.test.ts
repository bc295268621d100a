// A push of the canonical branch that changes who may do what: by users, by type, by patterns, by what the branch itself means.
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { toAccess } from '../../../src/config/roles.ts'
import { type Manifest, Refused } from '../../../src/records.ts'
import { migrations } from '../../../src/state/migrations.ts'
import { permitPolicy } from '../../../src/state/permit-push.ts'
import { rightsChanged } from '../../../src/state/rights-changed.ts'
import { State } from '../../../src/state/state.ts'

const environment = (type: string, users: object = {}, more: object = {}) => ({
  ...{ enable: true, type, users, virtualHosts: {}, releaseTags: null, hostenv: { gitRef: 'x' } },
  ...more,
})
const user = (name: string, role?: string) => ({ [name]: { publicKeys: [`key of ${name}`], role } })
const preview = (type: string, users: object = {}, more: object = {}) => ({
  ...{ enable: true, type, extends: 'main', users },
  ...more,
})

// biome-ignore lint/suspicious/noExplicitAny: parts of a policy that the types call readonly
type Edit = (next: any) => void
type Case = readonly [what: string, edit: Edit, says: readonly string[]]

const policy = {
  environments: {
    main: environment('production', { ...user('pia'), ...user('max', 'maintainer'), ...user('vic', 'viewer') }),
    staging: environment('testing', user('sam'), { protected: true }),
    dev: environment('development'),
  },
  previews: {
    'feature/*': preview('development', user('fay')),
    'test/*': preview('testing'),
    'off/*': preview('development', {}, { enable: false }),
  },
} as unknown as Manifest
/** What has data: `gone` and `off/1` are what an earlier policy knew. */
const there = ['main', 'feature/1', 'test/1', 'gone', 'off/1']

function edited(old: Manifest, edit: Edit): Manifest {
  const next = structuredClone(old)
  edit(next)
  return next
}

const cases: Case[] = [
  ['nothing', () => {}, []],
  ['a host name', (p) => (p.environments.main.virtualHosts = { x: {} }), []],
  ['an environment of nobody in particular', (p) => (p.environments.new = environment('testing')), []],
  ['one that is declared no more', (p) => delete p.environments.dev, []],
  ['a user', (p) => (p.environments.dev.users = user('eve')), ['environments."dev".users.eve is added']],
  [
    'a new environment with a user',
    (p) => (p.environments.new = environment('testing', user('eve'))),
    ['environments."new".users.eve is added'],
  ],
  [
    'a role',
    (p) => (p.environments.main.users.vic.role = 'maintainer'),
    ['environments."main".users.vic has another role or other keys'],
  ],
  [
    'production declared no more',
    (p) => delete p.environments.main,
    [
      ...['pia', 'max', 'vic'].map((name) => `environments."main".users.${name} is removed`),
      'environments."main".type is not production any more',
    ],
  ],
  ['protection', (p) => (p.environments.staging.protected = false), ['environments."staging".protected is taken away']],
  ...['testing', 'development'].map((type): Case => {
    const edit: Edit = (p) => (p.environments.main.type = type)
    return [`production that becomes ${type}`, edit, [`environments."main".type is ${type}, not production`]]
  }),
  [
    'another type',
    (p) => (p.environments.staging.type = 'development'),
    ['environments."staging".type is development, not testing'],
  ],
  [
    'a type that is more',
    (p) => (p.environments.dev.type = 'production'),
    ['environments."dev".type is production, not development'],
  ],
]

const patterns: Case[] = [
  ['their time', (p) => (p.previews['feature/*'].ttl = '1d'), []],
  ['a user', (p) => (p.previews['feature/*'].users = {}), ['previews."feature/*".users.fay is removed']],
  [
    'a new one with a user',
    (p) => (p.previews['x/*'] = preview('testing', user('fay'))),
    ['previews."x/*".users.fay is added'],
  ],
  [
    'the type',
    (p) => (p.previews['test/*'].type = 'development'),
    ['previews."test/*".type is development, not testing'],
  ],
  [
    'what they are made like',
    (p) => (p.previews['test/*'].extends = 'dev'),
    ['previews."test/*".extends is dev, not main'],
  ],
  ['a new one that matches nothing that is there', (p) => (p.previews['x/*'] = preview('development')), []],
  ['a nearer one that matches nothing that is there', (p) => (p.previews['test/x*'] = preview('development')), []],
  ['a nearer one that gives the same', (p) => (p.previews['test/1*'] = preview('testing')), []],
  [
    'a nearer one of another type',
    (p) => (p.previews['test/1*'] = preview('development')),
    ['"test/1" comes under previews."test/1*", not previews."test/*"'],
  ],
  [
    'a nearer one that is made like something else',
    (p) => (p.previews['test/1*'] = preview('testing', {}, { extends: 'dev' })),
    ['"test/1" comes under previews."test/1*", not previews."test/*"'],
  ],
  ['one that is gone, and leaves its previews to nobody', (p) => delete p.previews['test/*'], []],
  [
    'one that is gone, and leaves its previews to another',
    (p) => {
      delete p.previews['test/*']
      p.previews['*'] = preview('development')
      p.environments.gone = environment('testing')
      p.previews['off/*'].enable = true
    },
    [
      '"test/1" comes under previews."*", not previews."test/*"',
      '"gone" comes under environments."gone", nothing before',
      '"off/1" comes under previews."off/*", nothing before',
    ],
  ],
  [
    'an environment that becomes a preview',
    (p) => {
      delete p.environments.dev
      p.previews['d*'] = preview('development')
    },
    ['"dev" comes under previews."d*", not environments."dev"'],
  ],
  [
    'a preview that becomes an environment',
    (p) => (p.environments['test/1'] = environment('development')),
    ['"test/1" comes under environments."test/1", not previews."test/*"'],
  ],
]

t.test('a policy that gives or takes rights is told from one that does not: environments', async (t) => {
  for (const [what, edit, says] of cases) t.same(rightsChanged(policy, edited(policy, edit), there), says, what)
})

t.test('a policy that gives or takes rights is told from one that does not: previews', async (t) => {
  for (const [what, edit, says] of patterns) t.same(rightsChanged(policy, edited(policy, edit), there), says, what)
})

/** A project whose canonical branch is a testing environment, and Bob, who is less in production and more in development. */
function makeState() {
  const db = new DatabaseSync(':memory:')
  for (const step of migrations) db.exec(step)
  const state = new State('', (line) => line.replace('key of ', ''), db)
  const key = (name: string, type: string, gitRef = name) => ({
    [name]: environment(type, {}, { hostenv: { gitRef } }),
  })
  const first = {
    environments: { ...key('main', 'testing'), ...key('prod', 'production'), ...key('dev', 'development') },
    previews: {},
  } as unknown as Manifest
  state.projects.setPolicy('a/b', '0'.repeat(40), first)
  const access = {
    bob: { production: 'viewer', testing: 'deployer', development: 'maintainer' },
    mia: 'maintainer',
    dan: 'deployer',
  } as const
  state.people.setOperators({
    users: new Map(Object.keys(access).map((name) => [name, { user: name, administrator: false }])),
    access: (_, name) => toAccess(access[name as keyof typeof access]),
  })
  const said = (name: string, policy: Manifest, { before = 'main', key = 'main', ref = 'main' } = {}) => {
    const session = { pusher: { name, fingerprint: name, admin: false }, peer: '-' }
    const update = { ref: `refs/heads/${ref}`, old: '0'.repeat(40), new: '1'.repeat(40) }
    try {
      permitPolicy(state, { session, project: 'a/b', update }, { before: before || null, key, policy })
      return 'accepted'
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return [error.message, ...error.detail]
    }
  }
  return { state, first, said, key }
}

t.test('who is more in another type makes no environment one of that type', async (t) => {
  const { state, first, said } = makeState()
  const mine = (next: Manifest) => edited(next, (p) => (p.environments.prod.users = user('bob', 'maintainer')))
  const typed = edited(first, (p) => (p.environments.main.type = 'development'))
  const refused = 'no right to change who may do what in main'
  t.same(said('bob', mine(first)), [refused, 'environments."prod".users.bob is added'])
  t.same(said('bob', typed), [refused, 'environments."main".type is development, not testing'])
  t.same(said('dan', typed), [refused, 'environments."main".type is development, not testing'])
  t.equal(said('mia', typed), 'accepted')
  // With the second step alone he would have it all: that is why the first one counts.
  state.projects.setPolicy('a/b', '0'.repeat(40), typed)
  t.equal(
    said(
      'bob',
      edited(mine(first), (p) => (p.environments.main.type = 'development')),
    ),
    'accepted',
  )
})

t.test(
  'what the canonical branch means takes who may change rights, and the right to what it comes to mean',
  async (t) => {
    const { first, said, key } = makeState()
    const led = edited(first, (p) => {
      p.environments = {
        ...p.environments,
        ...key('main', 'testing', 'elsewhere'),
        ...key('dev', 'development', 'main'),
      }
    })
    const refused = 'no right to change who may do what in main'
    t.same(said('bob', led, { key: 'dev' }), [refused, 'the canonical branch means dev, not main'])
    t.same(said('dan', led, { key: 'dev' }), [refused, 'the canonical branch means dev, not main'])
    t.equal(said('mia', led, { key: 'dev' }), 'accepted')
    t.same(said('bob', led, { key: 'main' }), [refused, 'the canonical branch means dev, not main'], '-o env=main')
    const off = edited(first, (p) => (p.environments.main.enable = false))
    t.same(said('bob', off, { key: 'dev' }), [refused, 'the canonical branch means nothing, not main'], '-o env=dev')
    t.equal(said('bob', first, { key: 'dev' }), 'accepted', '-o env=dev, and nothing changes')
  },
)

t.test('where the canonical branch means nothing yet, the project as a whole is asked for', async (t) => {
  const { first, said, key } = makeState()
  const trunk = edited(first, (p) => Object.assign(p.environments, key('dev', 'development', 'trunk')))
  const pushed = { before: '', key: 'dev', ref: 'trunk' }
  t.same(said('bob', trunk, pushed), [
    'no right to change who may do what in a/b',
    'the canonical branch means dev, not nothing',
  ])
  t.equal(said('mia', trunk, pushed), 'accepted')
})

t.test('an environment of a name that had data takes a maintainer, a new one does not', async (t) => {
  const { state, first, said, key } = makeState()
  const declared = edited(first, (p) => Object.assign(p.environments, key('gone', 'development')))
  t.equal(said('bob', declared), 'accepted')
  state.environments.reserve('a/b', 'gone', 'b-gone-1')
  t.same(said('bob', declared), [
    'no right to change who may do what in main',
    '"gone" comes under environments."gone", nothing before',
  ])
  t.equal(said('mia', declared), 'accepted')
})
