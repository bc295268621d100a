import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { userName } from '../../../src/lib/names.ts'
import { matches } from '../../../src/lib/pattern.ts'
import type { EnvironmentManifest, Manifest, PreviewManifest } from '../../../src/records.ts'
import { restrict, undeclared } from '../../../src/resolve/policy.ts'
import { checkPreviewName } from '../../../src/resolve/preview.ts'
import { migrations } from '../../../src/state/migrations.ts'
import { People } from '../../../src/state/people.ts'
import { keyOfFullRef, keyOfUpdate, previewOf } from '../../../src/state/previews.ts'
import { Projects } from '../../../src/state/projects.ts'

const zero = '0'.repeat(40)
const some = '1'.repeat(40)

function environment(key: string, more: Partial<EnvironmentManifest> = {}): EnvironmentManifest {
  const hostenv = { environmentName: key, gitRef: key } as EnvironmentManifest['hostenv']
  const deploymentVerification = { enable: true, enforce: true, path: '/', timeout: 30, upFor: 2 }
  const rest = {
    enable: true,
    type: 'testing' as const,
    virtualHosts: {},
    users: {},
    releaseTags: null,
    requires: null,
    protected: false,
  }
  return { ...rest, deploymentVerification, hostenv, ...more }
}
function preview(more: Partial<PreviewManifest> = {}): PreviewManifest {
  return {
    enable: true,
    type: 'development',
    extends: 'main',
    users: {},
    ttl: '14d',
    max: null,
    evict: null,
    data: null,
    schedules: [],
    ...more,
  }
}
function policy(
  environments: Record<string, EnvironmentManifest>,
  previews: Record<string, PreviewManifest>,
): Manifest {
  return { environments, previews, defaultEnvironment: null, warnings: [] }
}

const table: [string, string, boolean][] = [
  ['feature/*', 'feature/foo', true],
  ['feature/*', 'feature/foo/bar', true],
  ['feature/*', 'feature', false],
  ['feature/*', 'feature/', true],
  ['*', 'anything/at/all', true],
  ['*-wip', 'x-wip', true],
  ['*-wip', 'x-wip2', false],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'a1b2b3c', true],
  ['a*b*c', 'acb', false],
  ['ab*bc', 'abc', false],
  ['ab*bc', 'abbc', true],
  ['a*a', 'a', false],
  ['exact', 'exact', true],
  ['exact', 'exactly', false],
  ['a.c', 'abc', false],
  ['(x)+$', '(x)+$', true],
  ['a|b', 'a', false],
  ['*a*a*a*a*a*a*a*a*b', 'a'.repeat(200), false],
]

t.test('a pattern matches with any characters where it has a star', async (t) => {
  for (const [pattern, name, expected] of table) t.equal(matches(pattern, name), expected, `${pattern} ${name}`)
})

t.test('the library reads patterns in the same way', async (t) => {
  const file = resolve(import.meta.dirname, '../../../nix/lib/patterns.nix')
  const pairs = table.map(([pattern, name]) =>
    `(matches ${JSON.stringify(pattern)} ${JSON.stringify(name)})`.replaceAll('$"', '\\$"'),
  )
  const args = [
    '--eval',
    '--strict',
    '--json',
    '--store',
    'dummy://',
    '--expr',
    `with import ${file}; [ ${pairs.join(' ')} ]`,
  ]
  const said = execFileSync('nix-instantiate', args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
  })
  t.same(
    JSON.parse(said),
    table.map(([, , expected]) => expected),
  )
})

t.test('declared environments come first, then the nearest pattern, and for branches alone', async (t) => {
  const all = policy(
    {
      main: environment('main', { type: 'production' }),
      'feature/kept': environment('feature/kept'),
      off: environment('off', { enable: false }),
      live: environment('live', { hostenv: { gitRef: 'feature/stable' } as EnvironmentManifest['hostenv'] }),
    },
    {
      '*': preview({ type: 'testing' }),
      'feature/*': preview(),
      'feature/a*': preview(),
      'feature/a*z': preview(),
      'feature/abc*': preview({ enable: false }),
    },
  )
  const names: Record<string, string | null> = {
    'feature/foo': 'feature/*',
    'feature/abc': 'feature/a*',
    'feature/abz': 'feature/a*z',
    other: '*',
    main: null,
    'feature/kept': null,
    off: null,
    constructor: '*',
  }
  for (const [name, pattern] of Object.entries(names)) t.equal(previewOf(all, name)?.pattern ?? null, pattern, name)
  t.equal(keyOfFullRef(all, 'refs/heads/feature/foo'), 'feature/foo')
  t.equal(keyOfFullRef(all, 'refs/heads/feature/stable'), 'live', 'a branch that an environment names is no preview')
  t.equal(keyOfFullRef(all, 'refs/heads/off'), null, 'a disabled environment is no preview')
  t.equal(keyOfFullRef(all, 'refs/tags/feature/foo'), null, 'a tag is no preview')
})

t.test('deleting a branch stops the preview that it made, also when the pattern is gone', async (t) => {
  const none = policy({ main: environment('main') }, {})
  const made = (key: string) => key === 'feature/foo' || key === 'main'
  const update = (ref: string, value: string) => ({ ref, old: some, new: value })
  t.equal(keyOfUpdate(none, update('refs/heads/feature/foo', zero), made), 'feature/foo')
  t.equal(keyOfUpdate(none, update('refs/heads/feature/foo', some), made), null)
  t.equal(keyOfUpdate(none, update('refs/tags/feature/foo', zero), made), null)
  t.equal(keyOfUpdate(none, update('refs/heads/other', zero), made), null)
})

t.test('deleting a branch stops what was deployed from it and is disabled since', async (t) => {
  const release = { gitRef: 'release' } as EnvironmentManifest['hostenv']
  const all = policy(
    {
      main: environment('main'),
      off: environment('off', { enable: false }),
      prod: environment('prod', { enable: false, hostenv: release }),
    },
    {},
  )
  const means = (ref: string, value: string) => keyOfUpdate(all, { ref, old: some, new: value }, () => false)
  t.equal(means('refs/heads/off', zero), 'off')
  t.equal(means('refs/heads/release', zero), 'prod')
  t.equal(means('refs/heads/prod', zero), null, 'its branch has another name')
  t.equal(means('refs/heads/off', some), null, 'nothing is deployed to it')
  t.equal(means('refs/tags/off', zero), null)
})

t.test('a preview is for administrators, users of what it extends, and whom its pattern names', async (t) => {
  const db = new DatabaseSync(':memory:')
  for (const step of migrations) db.exec(step)
  const projects = new Projects(db)
  const users = (name: string) => ({ [name]: { publicKeys: [`key of ${name}`], role: 'deployer' as const } })
  const all = policy(
    { main: environment('main', { users: users('mary') }), staging: environment('staging', { users: users('stan') }) },
    { 'feature/*': preview({ users: users('fay') }), 'try/*': preview({ extends: 'staging' }) },
  )
  projects.setPolicy('acme/shop', some, all)
  const people = new People(projects, (line) => line)
  people.setOperators({
    users: new Map([['key of ada', { user: 'ada', administrator: true }]]),
    access: () => null,
  })
  const may = (name: string, key: string) =>
    people.may({ name, fingerprint: `key of ${name}`, admin: false }, 'push', 'acme/shop', key)
  const rights: Record<string, string[]> = {
    ada: ['main', 'staging', 'feature/x', 'try/x'],
    mary: ['main', 'feature/x'],
    stan: ['staging', 'try/x'],
    fay: ['feature/x'],
    eve: [],
  }
  for (const [name, keys] of Object.entries(rights))
    t.same(
      ['main', 'staging', 'feature/x', 'try/x'].filter((key) => may(name, key)),
      keys,
      name,
    )
  t.equal(people.identify('key of fay')?.name, 'fay', 'somebody whom only a pattern names can log in')
  t.ok(people.mayEnter({ name: 'fay', fingerprint: 'key of fay', admin: false }, 'acme/shop'))

  const next = policy(all.environments, { 'feature/*': preview({ users: {} }), 'try/*': preview({ extends: 'main' }) })
  const restricted = restrict(all, next)
  t.same(
    restricted.previews?.['feature/*']?.users,
    { fay: { publicKeys: [], role: 'deployer' } },
    'what a push takes away is gone',
  )
  t.equal(restricted.previews?.['try/*']?.enable, false, 'also the pattern that would mean another environment')
  t.same(restrict(all, all), all)
})

t.test('a preview whose user name a declared environment has is refused', async (t) => {
  const db = new DatabaseSync(':memory:')
  for (const step of migrations) db.exec(step)
  const projects = new Projects(db)
  // Seven hex digits are few: two branches of one last word that share them are found in a moment.
  const seen = new Map<string, string>()
  let pair: [string, string] | undefined
  for (let i = 0; pair === undefined; i++) {
    const key = `feature/${i}/x`
    const name = userName('acme', 'shop', key)
    const other = seen.get(name)
    if (other !== undefined) pair = [other, key]
    seen.set(name, key)
  }
  projects.setPolicy('acme/shop', some, policy({ [pair[0]]: environment(pair[0]) }, { 'feature/*': preview() }))
  const id = { organisation: 'acme', project: 'shop' }
  t.throws(() => checkPreviewName(projects, id, pair[1]), /the user name shop-x-[0-9a-f]{7} of this preview belongs/)
  checkPreviewName(projects, id, 'feature/other')
})

t.test('a branch that means nothing is told the patterns too', async (t) => {
  const all = policy({ main: environment('main') }, { 'feature/*': preview(), 'old/*': preview({ enable: false }) })
  const refused = undeclared(all, 'try', 'main')
  t.same(refused.detail, ['Declared: main', 'Previews: feature/* (of main), old/* (disabled)'])
  t.match(refused.help.at(-1), 'environments."try".type')
})
