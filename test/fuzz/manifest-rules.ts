// What a manifest that was taken has to be, told once more without the schema: a rule for every place that may have a value.
import type { Evaluation } from '../../src/resolve/manifest-schema.ts'

type Rule = (value: unknown) => boolean

const all =
  (...rules: readonly Rule[]): Rule =>
  (value) =>
    rules.every((rule) => rule(value))
const orNull =
  (rule: Rule): Rule =>
  (value) =>
    value === null || rule(value)
const one =
  (...values: readonly unknown[]): Rule =>
  (value) =>
    values.includes(value)
const flag = one(true, false)
const texts =
  (most: number): Rule =>
  (value) =>
    typeof value === 'string' && value.length <= most
const plain: Rule = (value) => [...String(value)].every((c) => !isControl(c.codePointAt(0) ?? 0))
const line = (most: number) => all(texts(most), plain)
const ascii: Rule = (value) => [...Buffer.from(String(value))].every((byte) => byte >= 0x20 && byte < 0x7f)
const between =
  (least: number, most: number): Rule =>
  (value) =>
    Number(value) >= least && Number(value) <= most
const whole: Rule = (value) => Number.isSafeInteger(value)
const path: Rule = all(line(400), (value) => String(value).startsWith('/'))
const host: Rule = (value) =>
  typeof value === 'string' &&
  value.length <= 253 &&
  value.split('.').every((label) => /^[a-z0-9-]{1,63}$/.test(label) && label[0] !== '-' && label.at(-1) !== '-')
const branch: Rule = (value) =>
  typeof value === 'string' &&
  plain(value) &&
  Buffer.byteLength(value) <= 244 &&
  value.split('/').every((part) => part !== '' && !['HEAD'].includes(part) && !'.-'.includes(part[0] as string))
const life: Rule = (value) => /^[1-9]\d{0,3}[mhdw]$/.test(String(value))
const inStore: Rule = (value) => {
  const [empty, nix, store, name = '', more] = String(value).split('/')
  const known = empty === '' && nix === 'nix' && store === 'store' && more === undefined
  return known && /^[0-9a-z]{32}-[\w.+?=-]+$/.test(name) && name.length <= 33 + 211
}

// `*` stands for a name that the project chose; what is in brackets is a rule about that name.
const rules: readonly (readonly [string, Rule])[] = [
  ['defaultEnvironment', orNull(branch)],
  ['warnings/*', texts(4000)],
  ['environments/(branch)/enable', flag],
  ['environments/(branch)/type', one('production', 'testing', 'development')],
  ['environments/(branch)/protected', flag],
  ['environments/(branch)/releaseTags', orNull(line(200))],
  ['environments/(branch)/requires', orNull(branch)],
  ['environments/(branch)/deploymentVerification/enable', flag],
  ['environments/(branch)/deploymentVerification/enforce', flag],
  [
    'environments/(branch)/deploymentVerification/path',
    all(texts(2000), ascii, (text) => !/^[^/]| /.test(String(text))),
  ],
  ['environments/(branch)/deploymentVerification/timeout', between(1, 600)],
  ['environments/(branch)/deploymentVerification/upFor', between(0, 600)],
  ...['organisation', 'project', 'safeEnvironmentName'].map(
    (name) => [`environments/(branch)/hostenv/${name}`, line(64)] as const,
  ),
  ...['environmentName', 'gitRef'].map((name) => [`environments/(branch)/hostenv/${name}`, branch] as const),
  ['environments/(branch)/hostenv/userName', (value) => /^[a-z\d][a-z\d-]{0,31}$/.test(String(value))],
  ['environments/(branch)/hostenv/hostname', host],
  ...['runtimeDir', 'upstreamRuntimeDir', 'dataDir', 'stateDir', 'cacheDir'].map(
    (name) => [`environments/(branch)/hostenv/${name}`, path] as const,
  ),
  ...['environments/(branch)/users', 'previews/(pattern)/users'].flatMap((users) => [
    [`${users}/(user)/email`, line(254)] as const,
    [`${users}/(user)/publicKeys/*`, line(16_384)] as const,
    [`${users}/(user)/role`, one('viewer', 'deployer', 'maintainer')] as const,
  ]),
  ['previews/(pattern)/enable', flag],
  ['previews/(pattern)/type', one('testing', 'development')],
  ['previews/(pattern)/extends', branch],
  ['previews/(pattern)/ttl', orNull(life)],
  ['previews/(pattern)/max', orNull(all(whole, between(1, Number.MAX_SAFE_INTEGER)))],
  ['previews/(pattern)/evict', one(null, 'oldest')],
  ['previews/(pattern)/data', orNull(branch)],
  ['previews/(pattern)/schedules/*', line(64)],
  ['environments/(branch)/virtualHosts/(host)/globalRedirect', orNull((value) => host(String(value).split(':')[0]))],
  ['environments/(branch)/virtualHosts/(host)/enableLetsEncrypt', flag],
  ['environments/(branch)/virtualHosts/(host)/redirectCode', one(301, 302, 303, 307, 308)],
  ['environments/(branch)/virtualHosts/(host)/allowIndexing', orNull(flag)],
  ['environments/(branch)/virtualHosts/(host)/hsts', flag],
  ['environments/(branch)/virtualHosts/(host)/locations/(location)/return', orNull(all(texts(4000), ascii))],
  ...['csp', 'reportTo'].map(
    (name) => [`environments/(branch)/virtualHosts/(host)/security/${name}`, orNull(all(texts(8000), ascii))] as const,
  ),
  ...['cspMode', 'cspReportTo', 'referrerPolicy', 'xFrameOptions'].map(
    (name) =>
      [
        `environments/(branch)/virtualHosts/(host)/security/${name}`,
        orNull((value) => /^[\w.-]{1,200}$/.test(String(value))),
      ] as const,
  ),
  ...['xContentTypeOptions', 'hsts'].map(
    (name) => [`environments/(branch)/virtualHosts/(host)/security/${name}`, flag] as const,
  ),
]
const names: Readonly<Record<string, Rule>> = {
  branch,
  pattern: (name) => branch(String(name).replaceAll('*', 'x')),
  user: (name) => /^\w[\w.-]{0,63}$/.test(String(name)),
  host,
  location: all(texts(1000), ascii),
}
/** The most entries of what may grow. */
const most: Readonly<Record<string, number>> = {
  ...{ environments: 1000, previews: 100, warnings: 100, publicKeys: 100, schedules: 100, virtualHosts: 100 },
  ...{ locations: 1000, users: 1000 },
}

/** A sentence for each value that breaks a rule, or that no rule knows. */
export function brokenRules({ manifest, selected }: Evaluation): string[] {
  const wrong: string[] = []
  const look = (value: unknown, path: readonly string[]): void => {
    if (value === undefined) return
    if (value !== null && typeof value === 'object') {
      const entries = Object.entries(value)
      if (entries.length > (most[path.at(-1) ?? ''] ?? Number.POSITIVE_INFINITY))
        wrong.push(`${path} has ${entries.length}`)
      for (const [name, inner] of entries) look(inner, [...path, name])
      const chosen = rules.some(([place]) => matches(place.split('/').slice(0, path.length), path))
      if (!chosen && path.length > 0) wrong.push(`nothing is known of ${JSON.stringify(path)}`)
      return
    }
    const rule = rules.find(([place]) => matches(place.split('/'), path))
    if (rule === undefined) wrong.push(`nothing is known of ${JSON.stringify(path)}`)
    else if (!rule[1](value)) wrong.push(`${JSON.stringify(path)} is ${JSON.stringify(value)}`)
  }
  look(manifest, [])
  const owners = new Map<string, string>()
  for (const [key, { virtualHosts, hostenv }] of Object.entries(manifest.environments))
    for (const name of new Set([...Object.keys(virtualHosts), hostenv.hostname])) {
      if (owners.has(name)) wrong.push(`${name} belongs to ${owners.get(name)} and to ${key}`)
      owners.set(name, key)
    }
  for (const [key, { drvPath, outPath }] of Object.entries(selected))
    if (!branch(key) || !inStore(drvPath) || !drvPath.endsWith('.drv') || !inStore(outPath))
      wrong.push(`selected ${key}`)
  return wrong
}

function matches(place: readonly string[], path: readonly string[]): boolean {
  return (
    place.length === path.length &&
    place.every((name, i) => {
      const rule = /^\((\w+)\)$/.exec(name)?.[1]
      if (rule !== undefined) return names[rule]?.(path[i])
      return name === '*' ? /^\d+$/.test(path[i] as string) : name === path[i]
    })
  )
}

function isControl(code: number): boolean {
  return code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029
}
