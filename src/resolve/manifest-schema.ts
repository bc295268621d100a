// The manifest is the only thing that crosses from a project to the system: this is the one place that parses it.
import { z } from 'zod'
import { type Derivation, type EnvironmentManifest, type Manifest, Refused } from '../records.ts'
import { sharedName, virtualHosts } from './virtual-host-schema.ts'

const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value), 'has control characters')

// Host names as RFC 1123 has them, in lower case.
const hostName = text(253).regex(
  /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/,
  'is not a host name (RFC 1123)',
)

/** A key is a branch or tag name: what may follow refs/heads/. At most so many bytes that its files, and their locks, have names. */
const refName = text(244).refine(
  (name) =>
    Buffer.byteLength(name) <= 244 &&
    !/(^|\/)[-.]|\.\.|[ ~^:?*[\\]|@\{|\/\/|\.lock(\/|$)|[./]$|^\/|^@$|(^|\/)HEAD(\/|$)/.test(name) &&
    name.length > 0,
  'is not a branch or tag name',
)

const path = text(400).startsWith('/')

const users = z
  .record(
    text(64).regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'is not a user name'),
    z.object({
      email: text(254).nullish(),
      publicKeys: z.array(text(16_384)).max(100).default([]),
      role: z.enum(['viewer', 'deployer', 'maintainer']).default('deployer'),
    }),
  )
  .refine((all) => Object.keys(all).length <= 1000, 'has more than 1000 users')
  .default({})

/** A pattern is a branch name in which `*` stands for any characters. */
const pattern = text(200).refine(
  (name) => refName.safeParse(name.replace(/\*+/g, 'x')).success,
  'is not a pattern of branch names',
)

const preview = z.object({
  enable: z.boolean().default(true),
  type: z.enum(['testing', 'development']).default('development'),
  extends: refName,
  users,
  ttl: z
    .string()
    .regex(/^[1-9][0-9]{0,3}[mhdw]$/, 'is not a time like 14d')
    .nullable()
    .default(null),
  max: z.number().int().positive().nullable().default(null),
  evict: z.literal('oldest').nullable().default(null),
  data: refName.nullable().default(null),
  schedules: z.array(text(64)).max(100).default([]),
})

const environment = z.object({
  enable: z.boolean().default(true),
  type: z.enum(['production', 'testing', 'development']),
  virtualHosts,
  users,
  protected: z.boolean().default(false),
  deploymentVerification: z
    .object({
      enable: z.boolean().default(true),
      enforce: z.boolean().default(true),
      path: text(2000)
        .regex(/^\/[\x21-\x7e]*$/, 'is not a path')
        .default('/'),
      timeout: z.number().min(1).max(600).default(30),
      upFor: z.number().min(0).max(600).default(2),
    })
    .prefault({}),
  releaseTags: text(200).nullable().default(null),
  requires: refName.nullable().default(null),
  hostenv: z.object({
    organisation: text(64),
    project: text(64),
    environmentName: refName,
    safeEnvironmentName: text(64),
    gitRef: refName,
    userName: text(32).regex(/^[a-z0-9][a-z0-9-]*$/, 'is not a user name'),
    hostname: hostName,
    runtimeDir: path,
    upstreamRuntimeDir: path,
    dataDir: path,
    stateDir: path,
    cacheDir: path,
  }),
})

const storePath = z
  .string()
  .regex(/^\/nix\/store\/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]{1,211}$/, 'is not a store path')

const derivation = z.object({ drvPath: storePath.endsWith('.drv'), out: storePath })
const warnings = z.array(z.string().max(4000)).max(100).default([])

const evaluation = z.object({
  manifestVersion: z.literal(1),
  environments: z
    .record(refName, environment)
    .refine((all) => Object.keys(all).length <= 1000, 'has more than 1000 keys')
    .superRefine((all, ctx) => {
      const message = sharedName(all)
      if (message !== null) ctx.addIssue({ code: 'custom', message })
    }),
  defaultEnvironment: refName.nullish(),
  previews: z
    .record(pattern, preview)
    .refine((all) => Object.keys(all).length <= 100, 'has more than 100 patterns')
    .default({}),
  warnings,
  selected: z.record(refName, derivation),
  others: z.record(refName, derivation.extend({ warnings })).default({}),
})

// The receiver reads those of a new policy at once, and does nothing else meanwhile: 1000 take it a tenth of a second.
const bounded = evaluation.refine(({ environments, previews }) => {
  const all = [...Object.values(environments), ...Object.values(previews)].flatMap(({ users }) => Object.values(users))
  return new Set(all.flatMap(({ publicKeys }) => publicKeys)).size <= 1000
}, 'names more than 1000 different keys')

export interface Evaluation {
  readonly manifest: Manifest
  readonly selected: Readonly<Record<string, Derivation>>
}

/**
 * What the same tree says for other environments than the one that was asked for, key by key, in the words in which it would have
 * been printed. Takes what `parseEvaluation` took.
 */
export function othersSaid(json: string): Map<string, string> {
  const { others, ...said } = evaluation.parse(decode(json))
  const each = Object.entries(others).map(([key, { warnings, ...one }]) => {
    return [key, JSON.stringify({ ...said, warnings, selected: { [key]: one } })] as const
  })
  return new Map(each)
}

/** Parses what an evaluation printed. Throws Refused that names the field and what is wrong with it. */
export function parseEvaluation(json: string): Evaluation {
  const parsed = bounded.safeParse(decode(json))
  if (!parsed.success) {
    const detail = parsed.error.issues
      .slice(0, 10)
      .map((issue) => `${issue.path.join('.') || 'manifest'}: ${messageOf(issue)}`)
    throw new Refused(`the manifest is not valid: ${detail[0]}`, { headline: 'The manifest is not valid', detail })
  }
  const { environments, defaultEnvironment, warnings, selected } = parsed.data
  const previews = Object.entries(parsed.data.previews).map(([name, one]) => [
    name,
    { ...one, users: withoutNull(one.users) },
  ])
  const all = Object.entries(environments).map(([key, env]) => [key, { ...env, users: withoutNull(env.users) }])
  return {
    manifest: {
      environments: Object.fromEntries(all),
      previews: Object.fromEntries(previews),
      defaultEnvironment: defaultEnvironment ?? null,
      warnings,
    },
    selected: Object.fromEntries(
      Object.entries(selected).map(([key, { drvPath, out }]) => [key, { drvPath, outPath: out }]),
    ),
  }
}

// Of a key zod says only that it is invalid; why is one level below.
function messageOf(issue: z.core.$ZodIssue): string {
  return (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message
}

function withoutNull(users: z.output<typeof environment>['users']): EnvironmentManifest['users'] {
  const all = Object.entries(users).map(([name, { email, ...user }]) => [
    name,
    { ...user, ...(email ? { email } : {}) },
  ])
  return Object.fromEntries(all)
}

function decode(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new Refused('the evaluation printed no manifest')
  }
}
