// Writes what follows from the schema of the configuration file: its JSON Schema and its reference page. A test compares them.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fileSchema } from '../src/config/file-schema.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly string[]
  readonly examples?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly propertyNames?: unknown
}

/** Names of what a map is keyed by, by the map's path. */
const keys: Readonly<Record<string, string>> = { users: 'NAME', projects: 'ORG/PROJECT' }
const directory = new URL('../docs/reference/', import.meta.url)

/** JSON Schema (2020-12) of the file, as an editor takes it. */
export function configSchema(): unknown {
  return { title: 'hostenv configuration', ...z.toJSONSchema(fileSchema, { io: 'input' }) }
}

/** Every setting by its path, in the order of the schema; maps that the operator keys have a word in capitals. */
export function settings(schema = configSchema() as Schema, path = ''): { path: string; schema: Schema }[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const own = path === '' ? name : `${path}.${name}`
    const more = typeof inner.additionalProperties === 'object' ? inner.additionalProperties : null
    if (more?.properties) return settings(more, `${own}.${keys[own] ?? 'NAME'}`)
    return inner.properties ? settings(inner, own) : [{ path: own, schema: inner }]
  })
}

/** The reference page, in Markdown. */
export function page(): string {
  const all = settings()
  const [limits, others] = [
    all.filter(({ path }) => path.startsWith('limits.')),
    all.filter(({ path }) => !path.startsWith('limits.')),
  ]
  return `${intro}
## Settings

| setting | takes | default | what it is |
| --- | --- | --- | --- |
${others.map(({ path, schema }) => `| \`${path}\` | ${takes(schema)} | ${standard(schema)} | ${schema.description ?? ''} |`).join('\n')}

## Limits

Times are written with their unit (\`500ms\`, \`60s\`, \`5m\`, \`1h\`, \`2d\`), sizes too (\`64KiB\`, \`512MiB\`, \`2GiB\`; powers of 1024).

| limit | default | what it is |
| --- | --- | --- |
${limits.map(({ path, schema }) => `| \`${path}\` | ${standard(schema)} | ${schema.description ?? ''} |`).join('\n')}
`
}

const intro = `# Configuration

<!-- Written by scripts/config-reference.ts from the schema in src/config/file-schema.ts. -->

\`hostenv serve --config FILE\` reads one YAML file; [hostenv.example.yaml](hostenv.example.yaml) shows all of it, and
[config.schema.json](config.schema.json) lets an editor complete and check it. Flags win over the file. \`hostenv check FILE\` says
what is wrong before it is used: the line, the column, what stands there and what to write instead; it exits 0 when all is good.

The receiver follows the file and the key files, and SIGHUP makes it read them again. Users, keys, roles, access, domains, canonical
branches and limits change at once; a key that is removed loses its open connections too. Everything else takes effect at the next
start, and the log names it. A file with an error in it changes nothing: the log says where the error is, and what was read before
stays in force.

ORG/PROJECT is a project's name as the receiver knows it, in lower case with letters and digits only: \`Acme/my-shop\` is \`acme/myshop\` here and in
what \`ssh HOST envs\` prints, while its remote may have either. A nixpkgs for \`nix.packages\` and a cache for a private store:
[packages](../guide/first-receiver.md#packages-for-projects).
`

function takes(schema: Schema): string {
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(', ')
  const [example] = schema.examples ?? []
  if (Array.isArray(example)) return `a list: \`- ${example[0]}\``
  if (typeof example === 'object' && example !== null)
    return Object.entries(example)
      .map(([name, value]) => `\`${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}\``)
      .join(', ')
  return example === undefined ? 'true or false' : `like \`${example}\``
}

function standard({ default: value }: Schema): string {
  return value === undefined ? '' : `\`${value}\``
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('config.schema.json', directory), `${JSON.stringify(configSchema(), null, 2)}\n`)
  writeFileSync(new URL('configuration.md', directory), page())
}
