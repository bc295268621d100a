import fc from 'fast-check'
import t from 'tap'
import { Refused } from '../../../src/records.ts'
import { parseEvaluation } from '../../../src/resolve/manifest-schema.ts'

const store = `/nix/store/${'0'.repeat(32)}`
const hostenv = {
  organisation: 'acme',
  project: 'shop',
  environmentName: 'main',
  safeEnvironmentName: 'main',
  gitRef: 'main',
  userName: 'shop-main-4f7240c',
  hostname: 'shop-main-4f7240c.localhost',
  runtimeDir: '/run/user/x',
  upstreamRuntimeDir: '/run/upstream/x',
  dataDir: '/state/data',
  stateDir: '/state/state',
  cacheDir: '/state/cache',
}
const environment = { type: 'production', hostenv }
const whole = {
  manifestVersion: 1,
  environments: { main: environment },
  defaultEnvironment: 'main',
  warnings: ['mind the gap'],
  selected: { main: { drvPath: `${store}-x.drv`, out: `${store}-x` } },
}

/** `whole` with one value replaced at a dotted path. */
function having(path: string, value: unknown): string {
  const copy = structuredClone(whole) as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop() as string
  const at = names.reduce((object, name) => {
    object[name] ??= {}
    return object[name] as Record<string, unknown>
  }, copy)
  at[last] = value
  return JSON.stringify(copy)
}

t.test('a small manifest is read, with the defaults of what it does not say', async (t) => {
  const { manifest, selected } = parseEvaluation(JSON.stringify(whole))
  t.match(manifest.environments.main, { enable: true, users: {}, virtualHosts: {}, releaseTags: null })
  t.same(manifest.environments.main?.deploymentVerification, {
    enable: true,
    enforce: true,
    path: '/',
    timeout: 30,
    upFor: 2,
  })
  t.same(manifest.warnings, ['mind the gap'])
  t.same(selected, { main: { drvPath: `${store}-x.drv`, outPath: `${store}-x` } })
})

t.test('unknown fields are dropped wherever they stand', async (t) => {
  for (const path of ['extra', 'environments.main.extra', 'environments.main.hostenv.extra', 'selected.main.extra'])
    t.notMatch(JSON.stringify(parseEvaluation(having(path, 'EVIL'))), /EVIL/, path)
})

t.test('each field that is wrong is named', async (t) => {
  const table: [path: string, value: unknown, said: RegExp][] = [
    ['manifestVersion', 2, /manifestVersion/],
    ['environments', [], /environments/],
    ['environments.main.type', 'prod', /environments.main.type/],
    ['environments.main.type', undefined, /environments.main.type/],
    ['environments.main.enable', 'yes', /environments.main.enable/],
    ['environments.main.hostenv', undefined, /environments.main.hostenv/],
    ['environments.main.hostenv.hostname', 'UPPER.example', /host name/],
    ['environments.main.hostenv.hostname', '-x.example', /host name/],
    ['environments.main.hostenv.hostname', 'a..b', /host name/],
    ['environments.main.hostenv.hostname', `${'a'.repeat(64)}.example`, /host name/],
    ['environments.main.hostenv.hostname', 'a.example\n', /hostname/],
    ['environments.main.hostenv.userName', '../root', /user name/],
    ['environments.main.hostenv.userName', '-x', /user name/],
    ['environments.main.hostenv.dataDir', 'relative', /dataDir/],
    ['environments.main.hostenv.dataDir', `/${'x'.repeat(400)}`, /dataDir/],
    ['environments.main.hostenv.dataDir', '/a\u0000b', /control characters/],
    ['environments.main.hostenv.gitRef', '-x', /gitRef/],
    ['environments.main.hostenv.gitRef', 'a..b', /gitRef/],
    ['environments.main.virtualHosts', { 'not a host': {} }, /virtualHosts/],
    ['environments.main.virtualHosts', { 'evil.example\nHost: x': {} }, /virtualHosts/],
    ['environments.main.users', { 'a b': {} }, /users/],
    ['environments.main.users', { '-rf': {} }, /users/],
    ['environments.main.users', { alice: { publicKeys: ['ssh-ed25519 A\nssh-ed25519 B'] } }, /control characters/],
    ['environments.main.users', { alice: { publicKeys: ['x'.repeat(16_385)] } }, /publicKeys/],
    ['environments.main.users', { alice: { publicKeys: Array(101).fill('ssh-ed25519 A') } }, /publicKeys/],
    ['environments.main.deploymentVerification', { path: 'x' }, /path/],
    ['environments.main.deploymentVerification', { path: '/ HTTP/1.1' }, /path/],
    ['environments.main.deploymentVerification', { timeout: 0 }, /timeout/],
    ['environments.main.deploymentVerification', { timeout: 1e9 }, /timeout/],
    ['environments.main.deploymentVerification', { upFor: -1 }, /upFor/],
    ['selected.main.out', '/etc/passwd', /store path/],
    ['selected.main.out', `${store}-x/../../etc`, /store path/],
    ['selected.main.drvPath', `${store}-x`, /drvPath/],
    ['defaultEnvironment', '--upload-pack', /defaultEnvironment/],
    ['warnings', Array(101).fill('x'), /warnings/],
    ['warnings', ['x'.repeat(4001)], /warnings/],
  ]
  for (const [path, value, said] of table) t.throws(() => parseEvaluation(having(path, value)), said, `${path} ${said}`)
})

t.test('a key must be the name of a branch or tag', async (t) => {
  const bad = [
    '',
    '-x',
    'a b',
    'a..b',
    '.x',
    'x.lock',
    'a//b',
    '/a',
    'a/',
    '@',
    'HEAD',
    'a\nb',
    'a\u001b[2Jb',
    'a@{1}',
    'x'.repeat(245),
    'ü'.repeat(123),
  ]
  for (const key of bad) {
    const said = JSON.stringify({ ...whole, environments: { [key]: environment } })
    t.throws(() => parseEvaluation(said), /not valid/, JSON.stringify(key).slice(0, 40))
  }
  t.ok(parseEvaluation(JSON.stringify({ ...whole, environments: { 'feature/größe': environment } })))
})

t.test('names of an object’s own machinery are ordinary keys, or refused', async (t) => {
  const text = JSON.stringify(whole).replace('"environments":{"main"', '"environments":{"constructor"')
  t.same(Object.keys(parseEvaluation(text).manifest.environments), ['constructor'])
  const proto = JSON.stringify(whole).replace('"environments":{"main"', '"environments":{"__proto__"')
  try {
    const { manifest } = parseEvaluation(proto)
    t.equal(Object.getPrototypeOf(manifest.environments), Object.prototype)
  } catch (error) {
    t.type(error, Refused)
  }
  t.equal(({} as Record<string, unknown>).type, undefined, 'nothing was added to every object')
})

t.test('more than 1000 environments are refused', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`e${i}`, environment]))
  t.throws(() => parseEvaluation(JSON.stringify({ ...whole, environments: many })), /more than 1000/)
})

t.test('so many users and keys are taken, and no more', async (t) => {
  const users = (count: number, keys: (n: number) => string[]) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`u${n}`, { publicKeys: keys(n) }]))
  const two = (n: number) => [`ssh-ed25519 A${n}`, `ssh-ed25519 B${n}`]
  const said = (main: object, patterns: object = {}) => {
    const environments = { main: { ...environment, users: main } }
    const previews = { 'x/*': { extends: 'main', users: patterns } }
    return parseEvaluation(JSON.stringify({ ...whole, environments, previews })).manifest
  }
  t.ok(said(users(1000, (n) => [`ssh-ed25519 A${n}`])))
  t.throws(() => said(users(1001, () => [])), /environments\.main\.users: has more than 1000 users/)
  t.ok(said(users(500, two), users(500, two)), 'the same keys in two places are not twice as many')
  t.throws(
    () =>
      said(
        users(500, two),
        users(1, () => ['one more']),
      ),
    /names more than 1000 different keys/,
  )
})

t.test('what is no JSON is no manifest', async (t) => {
  for (const text of ['', '{', 'null', '[]', '1', '"x"', '\u0000', 'error: x'])
    t.throws(() => parseEvaluation(text), /no manifest|not valid/, JSON.stringify(text))
})

t.test('nothing but a refusal is ever thrown', async (t) => {
  const paths = [
    'environments',
    'environments.main',
    'environments.main.users',
    'environments.main.virtualHosts',
    'environments.main.hostenv',
    'environments.main.deploymentVerification',
    'selected',
    'selected.main',
    'warnings',
    'defaultEnvironment',
  ]
  const others: unknown[] = []
  const attempt = (text: string) => {
    try {
      parseEvaluation(text)
    } catch (error) {
      if (!(error instanceof Refused)) others.push([text, error])
    }
  }
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), attempt), { numRuns: 300 })
  fc.assert(fc.property(fc.string({ unit: 'binary' }), attempt), { numRuns: 100 })
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 4 }), (path, value) =>
      attempt(having(path, value)),
    ),
    { numRuns: 600 },
  )
  t.same(others, [])
})
