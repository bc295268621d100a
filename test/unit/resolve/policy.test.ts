import t from 'tap'
import type { EnvironmentManifest, Manifest, VirtualHost } from '../../../src/records.ts'
import { differing, differingFields } from '../../../src/resolve/differing.ts'
import { checkNames, restrict, undeclared } from '../../../src/resolve/policy.ts'
import { whatToStop } from '../../../src/resolve/stop.ts'
import { keyOfRef } from '../../../src/state/policy-keys.ts'

function environment(
  key: string,
  more: Partial<EnvironmentManifest> & { gitRef?: string; keys?: Record<string, string[]> } = {},
): EnvironmentManifest {
  const { gitRef = key, keys = {}, ...rest } = more
  return {
    enable: true,
    type: 'testing',
    virtualHosts: {},
    users: Object.fromEntries(
      Object.entries(keys).map(([name, publicKeys]) => [name, { publicKeys, role: 'deployer' as const }]),
    ),
    deploymentVerification: { enable: true, enforce: true, path: '/', timeout: 30, upFor: 2 },
    releaseTags: null,
    requires: null,
    protected: false,
    hostenv: {
      organisation: 'acme',
      project: 'shop',
      environmentName: key,
      safeEnvironmentName: key,
      gitRef,
      userName: `shop-${key}-0000000`,
      hostname: `shop-${key}-0000000.localhost`,
      runtimeDir: '/r',
      upstreamRuntimeDir: '/u',
      dataDir: '/d',
      stateDir: '/s',
      cacheDir: '/c',
    },
    ...rest,
  }
}

function manifest(...environments: EnvironmentManifest[]): Manifest {
  const all = environments.map((one) => [one.hostenv.environmentName, one])
  return { environments: Object.fromEntries(all), previews: {}, defaultEnvironment: null, warnings: [] }
}

t.test('a ref means the enabled environment whose gitRef it is, else the one whose key it is', async (t) => {
  const policy = manifest(
    environment('main'),
    environment('live', { gitRef: 'stable' }),
    environment('stable'),
    environment('off', { enable: false }),
    environment('old', { enable: false, gitRef: 'next' }),
    environment('next'),
  )
  const table: Record<string, string | null> = {
    main: 'main',
    stable: 'live',
    live: 'live',
    off: null,
    next: 'next',
    other: null,
    '': null,
    constructor: null,
    __proto__: null,
  }
  for (const [name, key] of Object.entries(table)) t.equal(keyOfRef(policy, name), key, name)
})

t.test('an undeclared branch is told the declared keys and the line to add', async (t) => {
  const refused = undeclared(
    manifest(environment('main'), environment('off', { enable: false })),
    'feature/x"y',
    'trunk',
  )
  t.match(refused.message, 'no environment for feature/x"y')
  t.same(refused.detail, ['Declared: main, off (disabled)'])
  t.match(refused.help.join('\n'), /push trunk/)
  t.match(refused.help.join('\n'), 'environments."feature/x\\"y".type = "testing";')
  t.same(undeclared(manifest(), 'x', 'main').detail, ['Declared: none'])
})

t.test('the line to add cannot be more than a name', async (t) => {
  const line = undeclared(manifest(), `$\{builtins.abort "x"}`, 'main').help.at(-1)
  t.equal(line, `  environments."\\$\{builtins.abort \\"x\\"}".type = "testing";`, 'Nix would take it for code')
})

t.test('every name but gitRef must be what follows from the repository', async (t) => {
  const due = environment('main').hostenv
  checkNames('main', due, due)
  checkNames('main', { ...due, gitRef: 'other' }, due)
  for (const field of Object.keys(due).filter((name) => name !== 'gitRef')) {
    const said = { ...due, [field]: '/evil' }
    const expected = `main: hostenv.${field} is '/evil', must be '${due[field as keyof typeof due]}'`
    t.throws(() => checkNames('main', said, due), new RegExp(expected.replaceAll('.', '\\.')), field)
  }
})

t.test('each policy field that differs is named', async (t) => {
  const old = environment('main')
  t.same(differingFields(old, environment('main')), [])
  const table: [Parameters<typeof environment>[1], string][] = [
    [{ enable: false }, 'enable'],
    [{ type: 'production' }, 'type'],
    [{ keys: { eve: ['k'] } }, 'users'],
    [{ virtualHosts: { 'evil.example': {} as VirtualHost } }, 'virtualHosts'],
    [{ releaseTags: 'v*' }, 'releaseTags'],
    [{ requires: 'staging' }, 'requires'],
    [{ gitRef: 'stable' }, 'hostenv.gitRef'],
    [
      { deploymentVerification: { enable: false, enforce: true, path: '/', timeout: 30, upFor: 2 } },
      'deploymentVerification.enable',
    ],
    [
      { deploymentVerification: { enable: true, enforce: false, path: '/', timeout: 30, upFor: 2 } },
      'deploymentVerification.enforce',
    ],
  ]
  for (const [more, field] of table) t.same(differingFields(old, environment('main', more)), [field], field)
  const checks = { enable: true, enforce: true, path: '/health', timeout: 5, upFor: 0 }
  t.same(differingFields(old, environment('main', { deploymentVerification: checks })), [], 'checks are content')
})

t.test('what a commit says of others is named after what it says of itself, and many are counted', async (t) => {
  const old = manifest(environment('main'), environment('dev'), environment('gone'))
  const own = manifest(
    environment('main', { type: 'production' }),
    environment('dev', { gitRef: 'main' }),
    environment('new'),
  )
  t.equal(differing(old, old, 'main', null), null)
  t.equal(
    differing(old, own, 'main', null),
    'type, environments."dev".hostenv.gitRef, environments."gone", environments."new"',
  )
  t.equal(
    differing(old, own, 'dev', null),
    'hostenv.gitRef, environments."main".type, environments."gone", environments."new"',
  )
  const preview = { enable: true, type: 'testing', extends: 'main', users: {}, ttl: '14d', max: null } as const
  const patterns = { a: { ...preview, ...none }, b: { ...preview, ...none } }
  const changed = { a: { ...preview, ...none, ttl: null }, b: { ...preview, ...none, max: 3 } }
  t.equal(
    differing({ ...old, previews: patterns }, { ...own, previews: changed }, 'x', { pattern: 'b', ...patterns.b }),
    'previews."b", previews."a", environments."main".type, environments."dev".hostenv.gitRef and 2 more',
  )
})
const none = { evict: null, data: null, schedules: [] }

t.test('what a canonical push takes away is gone, and nothing is added', async (t) => {
  const old = manifest(
    environment('main', { keys: { alice: ['a1', 'a2'], bob: ['b'] } }),
    environment('dev', { keys: { bob: ['b'] } }),
    environment('off', { keys: { bob: ['b'] } }),
  )
  const next = manifest(
    environment('main', { type: 'production', keys: { alice: ['a2', 'a3'], eve: ['e'] } }),
    environment('off', { enable: false, keys: { bob: ['b'] } }),
    environment('new', { keys: { eve: ['e'] } }),
  )
  const now = restrict(old, next)
  t.same(Object.keys(now.environments), ['main', 'dev', 'off'])
  t.same(now.environments.main?.users, {
    alice: { publicKeys: ['a2'], role: 'deployer' },
    bob: { publicKeys: [], role: 'deployer' },
  })
  t.same(
    now.environments.dev?.users,
    { bob: { publicKeys: [], role: 'deployer' } },
    'an environment that is gone has no users',
  )
  t.same(
    now.environments.off?.users,
    { bob: { publicKeys: [], role: 'deployer' } },
    'one that is disabled has none either',
  )
  t.equal(now.environments.main?.type, 'testing', 'everything else is as it was')
  t.same(restrict(old, old), old)
})

t.test('what a canonical push protects, requires or lowers holds at once, and the opposite does not', async (t) => {
  const person = (role: 'viewer' | 'deployer' | 'maintainer') => ({ users: { alice: { publicKeys: ['a'], role } } })
  const open = manifest(environment('main', person('maintainer')), environment('dev'))
  const closed = manifest(
    environment('main', { ...person('viewer'), protected: true, requires: 'dev' }),
    environment('dev', { requires: 'main' }),
  )
  t.same(restrict(open, closed).environments, closed.environments)
  t.same(restrict(closed, open).environments, closed.environments)
  const other = manifest(environment('main', { ...person('deployer'), requires: 'staging' }))
  t.match(
    restrict(closed, other).environments.main,
    { requires: 'dev', protected: true },
    'another is none that is added',
  )
  t.equal(restrict(open, other).environments.main?.users.alice?.role, 'deployer')
})

t.test('a deletion stops the environment, unless it is canonical or unconfirmed production', async (t) => {
  const policy = manifest(
    environment('main'),
    environment('live', { type: 'production', gitRef: 'stable' }),
    environment('dev'),
  )
  t.equal(whatToStop(policy, 'dev', 'main', []), 'dev')
  t.equal(whatToStop(policy, 'unknown', 'main', []), null)
  t.equal(whatToStop(null, 'dev', 'main', []), null)
  t.throws(() => whatToStop(policy, 'main', 'main', ['main']), /canonical branch/)
  t.throws(() => whatToStop(policy, 'stable', 'main', []), /live is production/)
  t.throws(() => whatToStop(policy, 'stable', 'main', ['stable', 'LIVE']), /live is production/)
  t.equal(whatToStop(policy, 'stable', 'main', ['live']), 'live')
})
