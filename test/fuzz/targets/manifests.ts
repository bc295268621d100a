// Manifests. Right is: what is taken keeps every rule, looked at by other code than the schema; what is refused names the field that was
// changed; and what no field is called is dropped.
import fc from 'fast-check'
import { Refused } from '../../../src/records.ts'
import { type Evaluation, parseEvaluation } from '../../../src/resolve/manifest-schema.ts'
import { brokenRules } from '../manifest-rules.ts'
import { corpus, must, mustEqual, oddText, type Target } from '../target.ts'
import { gitAllows } from './ref-names.ts'

type Path = readonly string[]
type Change = readonly [path: Path, value: unknown]
/** Values that are put into a manifest that is right; or a text of any kind. */
type Input = readonly Change[] | string

const store = `/nix/store/${'0'.repeat(32)}`
const hostenv = (key: string) => ({
  ...{ organisation: 'acme', project: 'shop', environmentName: key, safeEnvironmentName: key, gitRef: key },
  ...{ userName: `shop-${key}-4f7240c`, hostname: `shop-${key}-4f7240c.localhost`, runtimeDir: '/run/x' },
  ...{ upstreamRuntimeDir: '/run/u/x', dataDir: '/s/data', stateDir: '/s/state', cacheDir: '/s/cache' },
})
const security = { csp: "default-src 'self'", cspMode: 'enforce', xFrameOptions: 'DENY', hsts: true, reportTo: null }
const whole = {
  manifestVersion: 1,
  environments: {
    main: {
      ...{ enable: true, type: 'production', protected: true, releaseTags: 'v*', requires: 'dev' },
      virtualHosts: {
        'shop.example.org': {
          ...{ globalRedirect: null, redirectCode: 302, allowIndexing: true, hsts: false, security },
          locations: { '/old': { return: '301 https://shop.example.org/new' } },
        },
        'www.example.org': { globalRedirect: 'shop.example.org' },
      },
      users: { alice: { email: 'alice@example.org', publicKeys: ['ssh-ed25519 AAAA'], role: 'maintainer' } },
      deploymentVerification: { enable: true, path: '/health', timeout: 10, upFor: 1 },
      hostenv: hostenv('main'),
    },
    dev: { type: 'development', hostenv: hostenv('dev') },
  },
  previews: {
    'feature/*': {
      type: 'testing',
      extends: 'main',
      ttl: '14d',
      max: 3,
      evict: 'oldest',
      data: 'main',
      schedules: ['x'],
    },
  },
  defaultEnvironment: 'main',
  warnings: ['mind the gap'],
  selected: { main: { drvPath: `${store}-x.drv`, out: `${store}-x` } },
}
const parsedWhole = JSON.stringify(parseEvaluation(JSON.stringify(whole)))
const paths = pathsOf(whole)

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  oddText,
  fc.constantFrom<unknown>(
    ...[undefined, null, '', {}, [], 0, -1, 1.5, Number.POSITIVE_INFINITY, 'x'.repeat(300), 'x'.repeat(5000)],
  ),
  fc.constantFrom<unknown>(
    'main',
    'dev',
    'production',
    'a.example.org',
    '/x',
    '7d',
    `${store}-y`,
    'return',
    true,
    600,
    601,
  ),
  fc.integer({ min: 0, max: 1100 }).map((n) => Array(n).fill('x')),
  fc.constantFrom(...paths).map((path) => valueAt(path)),
)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom(...paths), value) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.tuple(fc.constantFrom(...paths.filter(isObject)), oddText).map(([path, name]) => [...path, name]),
      value,
    ),
  },
)

export const manifests: Target<Input> = {
  inputs: fc.oneof(
    { weight: 6, arbitrary: fc.array(change, { minLength: 0, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.oneof(fc.json(), oddText) },
  ),
  corpus: corpus<Input>('manifests'),
  check(input) {
    const changes = typeof input === 'string' ? [] : input
    const text = typeof input === 'string' ? input : JSON.stringify(changed(changes))
    const parsed = parse(text ?? '')
    if (parsed instanceof Refused) {
      if (typeof input === 'string') return
      must(changes.length > 0, `the manifest that is right is refused: ${parsed.message}`)
      const named = /^the manifest is not valid: ([\s\S]*?): /.exec(parsed.message)?.[1] ?? ''
      must(named !== '' || text === undefined, `no field is named: ${parsed.message}`)
      const at = changes.map(([path]) => path.join('.') || 'manifest')
      must(
        at.some((path) => path === 'manifest' || path.startsWith(named) || parsed.message.includes(`: ${path}`)),
        `refused for ${JSON.stringify(parsed.message)}, though ${JSON.stringify(at)} was changed`,
      )
      return
    }
    mustEqual(brokenRules(parsed), [], 'taken, though')
    if (changes.length === 0 && typeof input !== 'string')
      mustEqual(JSON.stringify(parsed), parsedWhole, 'what is read')
  },
  async together(inputs) {
    const names = inputs.flatMap((input) => {
      const parsed = typeof input === 'string' ? null : parse(JSON.stringify(changed(input)) ?? '')
      if (parsed === null || parsed instanceof Refused) return []
      const { environments, previews } = parsed.manifest
      const declared = Object.entries(environments).flatMap(([key, { hostenv }]) => [key, hostenv.gitRef])
      return [...declared, ...Object.keys(previews).map((pattern) => pattern.replaceAll('*', 'x'))]
    })
    const unique = [...new Set(names)]
    const allowed = await gitAllows(unique.map((name) => `refs/heads/${name}`))
    return unique.filter((_, i) => !allowed[i]).map((name) => `${JSON.stringify(name)} is taken, but no name for git`)
  },
}

function parse(text: string): Evaluation | Refused {
  try {
    return parseEvaluation(text)
  } catch (error) {
    must(error instanceof Refused, `not a refusal: ${error}`)
    return error
  }
}

function changed(changes: readonly Change[]): unknown {
  let copy: unknown = structuredClone(whole)
  for (const [path, given] of changes) {
    const value = structuredClone(given)
    const last = path.at(-1)
    if (last === undefined) {
      copy = value
      continue
    }
    let at = copy as Record<string, unknown> | undefined
    for (const name of path.slice(0, -1)) at = at?.[name] as Record<string, unknown> | undefined
    if (at !== null && typeof at === 'object')
      Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  const below = value !== null && typeof value === 'object' ? Object.entries(value) : []
  return [path, ...below.flatMap(([name, inner]) => pathsOf(inner, [...path, name]))]
}

function valueAt(path: Path): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], whole)
}

function isObject(path: Path): boolean {
  const value = valueAt(path)
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
