// The JSON documents that the words print: an interface, with a schema file generated from here.
import { z } from 'zod'

const oid = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .describe('git object id')
const time = z.string().describe('ISO 8601, UTC')
const project = z.string().describe('organisation/project')
const key = z.string().describe('key of the environment')

const environment = z
  .object({
    project,
    key,
    kind: z.enum(['declared', 'preview']),
    type: z.enum(['production', 'testing', 'development']),
    state: z.enum(['live', 'deploying', 'failed', 'paused', 'stopped', 'broken']),
    url: z.string().nullable(),
    hostname: z.string(),
    release: z.number().int().nullable().describe('number of the live release'),
    commit: oid.nullable().describe('commit of the live release'),
    expiresAt: time
      .nullable()
      .describe('when a preview is paused by itself; once paused or torn down, when it goes with its data'),
  })
  .describe('one environment')

const release = z
  .object({
    project,
    key,
    n: z.number().int().describe('number of the release within its environment'),
    generation: z.number().int().describe('generation of the Nix profile'),
    commit: oid,
    tree: oid,
    storePath: z.string(),
    deploy: z.number().int().describe('the number whose log `logs` prints'),
    by: z.string().describe('who pushed'),
    at: time,
    outcome: z.enum(['live', 'superseded', 'collected']).describe('collected: one cannot go back to it any more'),
    label: z.string().nullable(),
    closureBytes: z.number().nullable().describe('what it needs, all in all'),
    since: z
      .object({
        release: z.number().int(),
        deltaBytes: z.number(),
        changes: z.array(z.string()).describe('such as: shop-frontend 2.3 → 2.4'),
      })
      .nullable()
      .describe('what changed since the release that was live when it was built'),
    stages: z.record(z.string(), z.number()).describe('milliseconds by stage'),
  })
  .describe('one release')

const source = z.enum(['file', 'word']).describe('where it was said')

export const documents = {
  envs: z.array(environment).describe('envs --json'),
  releases: z.array(release).describe('releases [ENV] --json, newest first'),
  logs: z
    .object({
      deploy: z.number().int(),
      project,
      key,
      kind: z.string().describe('push, rollback, redeploy, pause, wake, destroy, purge'),
      ref: z.string().nullable().describe('null for what moves no ref'),
      commit: oid.describe('zeros where nothing was to be live'),
      stage: z.string(),
      reason: z.string().nullable().describe('why it did not become live'),
      at: time,
      by: z.string(),
      lines: z.array(z.string()).describe('the log, without control characters'),
    })
    .describe('logs DEPLOY|ENV --json'),
  change: z
    .object({
      project,
      key,
      deploy: z.number().int().describe('the number whose log `logs` prints'),
      ok: z.boolean(),
      release: z.number().int().nullable().describe('number of the release that is live now'),
      reason: z.string().nullable().describe('why nothing changed'),
    })
    .describe('rollback ENV [N] --json; redeploy, pause, wake and destroy ENV --json'),
  renew: z
    .object({
      project,
      key,
      ok: z.boolean(),
      expiresAt: time.nullable().describe('null: never, or not renewed'),
      reason: z.string().nullable().describe('why it was not renewed'),
    })
    .describe('renew ENV [--ttl 7d] --json'),
  ps: z
    .array(
      z.object({
        project,
        key,
        name: z.string().describe('the process, as processes.NAME'),
        state: z.enum(['up', 'down', 'finished']),
        seconds: z.number().nullable().describe('in this state'),
        lastEnd: z.string().nullable().describe('how it ended last time: exit 1, signal SIGKILL'),
      }),
    )
    .describe('ps ENV --json'),
  restart: z
    .object({ project, key, processes: z.array(z.string()).describe('that were restarted') })
    .describe('restart ENV [PROCESS] --json'),
  cancel: z.object({ project, deploy: z.number().int(), cancelled: z.literal(true) }).describe('cancel DEPLOY --json'),
  open: z.object({ project, key, url: z.string() }).describe('open ENV --json'),
  users: z
    .array(z.object({ name: z.string(), administrator: z.boolean(), keys: z.number().int(), source }))
    .describe('users --json'),
  keys: z
    .array(z.object({ fingerprint: z.string().describe('SHA256:…'), user: z.string(), comment: z.string(), source }))
    .describe('keys --json'),
  access: z
    .array(z.object({ project, user: z.string(), role: z.string().describe('or one by type'), source }))
    .describe('access ORG/PROJECT --json'),
  projects: z
    .array(
      z.object({
        project,
        commit: oid.nullable().describe('whose manifest is the policy; null before the first push'),
        environments: z.number().int(),
      }),
    )
    .describe('projects --json'),
  audit: z
    .array(
      z.object({
        at: time,
        who: z.string(),
        fingerprint: z.string(),
        from: z.string().describe('address and port'),
        action: z.string(),
        project: project.nullable(),
        key: key.nullable(),
        subject: z.string().nullable().describe('what exactly: a ref and a commit, a socket, the name of a command'),
        allowed: z.boolean(),
        why: z.string(),
      }),
    )
    .describe('audit --json, newest first'),
  whoami: z
    .object({
      name: z.string(),
      fingerprint: z.string().describe('SHA256:… of the key that signed'),
      admin: z.boolean(),
      projects: z.array(project).describe('the projects that this key may see'),
    })
    .describe('whoami --json'),
  help: z.array(z.object({ word: z.string(), usage: z.string(), summary: z.string() })).describe('help --json'),
}

/** The JSON Schema (2020-12) of all documents, one definition for each word. */
export function wordsJsonSchema(): object {
  const definitions = Object.entries(documents).map(([word, schema]) => {
    const { $schema, ...definition } = z.toJSONSchema(schema, { io: 'output' })
    return [word, definition]
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'What the words of hostenv print with --json',
    $defs: Object.fromEntries(definitions),
  }
}
