// From the text of a configuration file to its settings, or to what is wrong with it, each with its line and column.
import { type Document, isMap, isNode, type Node, parseDocument } from 'yaml'
import { z } from 'zod'
import { type FileSettings, fileSchema } from './file-schema.ts'
import { nearest } from './nearest.ts'
import { escaped, type Problem } from './problems.ts'

export type Path = readonly (string | number)[]
/** The place of a setting in the file; with `name`, of its name instead of its value. */
export type Place = (path: Path, name?: boolean) => Pick<Problem, 'line' | 'column'>

export interface ParsedFile {
  readonly settings: FileSettings
  readonly place: Place
  readonly problems: readonly Problem[]
}

const mostCharacters = 1024 ** 2

/** Parses YAML 1.2 and checks it. Settings are empty where there are problems. Pure. */
export function parseFile(text: string): ParsedFile {
  const failed = (problems: readonly Problem[]): ParsedFile => ({
    settings: {},
    place: () => top,
    problems: problems.map((problem) => ({ ...problem, message: escaped(problem.message) })),
  })
  if (text.length > mostCharacters) return failed([{ ...top, message: 'The file is larger than 1 MiB.' }])
  const doc = parseDocument(text, { prettyErrors: false, version: '1.2', uniqueKeys: true })
  const wrong = [...doc.errors, ...doc.warnings]
  if (wrong.length > 0)
    return failed(wrong.map((error) => ({ ...position(text, error.pos[0]), message: yamlSentence(error) })))
  const place: Place = (path, name = false) =>
    position(text, (name ? nameAt(doc, path) : valueAt(doc, path))?.range?.[0] ?? 0)
  let value: unknown
  try {
    value = written(doc.toJS({ maxAliasCount: 100 })) ?? {}
  } catch (error) {
    return failed([{ ...top, message: `This is no usable YAML: ${(error as Error).message}.` }])
  }
  const parsed = fileSchema.safeParse(value)
  if (parsed.success) return { settings: parsed.data as FileSettings, place, problems: [] }
  return failed(parsed.error.issues.flatMap((issue) => sentences(issue, value, place)))
}

const top = { line: 1, column: 1 }

function sentences(issue: z.core.$ZodIssue, value: unknown, place: Place): Problem[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => ({ ...place([...path, name], true), message: unknownName(name, path) }))
  const given = path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value)
  const what = path.length === 0 ? 'This file' : path.join('.')
  return [{ ...place(path), message: `${what} takes ${issue.message}, not ${shown(given)}.` }]
}

function unknownName(name: string, path: Path): string {
  const known = namesBelow(path)
  const meant = nearest(name, known)
  const where = path.length === 0 ? 'here' : `in ${path.join('.')}`
  const help = meant === null ? `Known: ${known.join(', ')}.` : `Did you mean ${meant}?`
  return `There is no setting ${JSON.stringify(name)} ${where}. ${help}`
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
}

// The names that the schema has at a path.
function namesBelow(path: Path): string[] {
  let schema: Schema = z.toJSONSchema(fileSchema, { io: 'input' }) as Schema
  for (const name of path) {
    const more = schema.additionalProperties
    schema = schema.properties?.[name] ?? (typeof more === 'object' ? more : {})
  }
  return Object.keys(schema.properties ?? {})
}

// A name without a value (all below it is commented out) says nothing. `above` is what this stands in.
function written(value: unknown, above: readonly object[] = []): unknown {
  // Zod would leave it out without a word.
  if (value instanceof Object && Object.hasOwn(value, '__proto__')) throw new Error('__proto__ cannot be a name')
  if (value === null || typeof value !== 'object') return value ?? undefined
  if (above.includes(value)) throw new Error('an alias stands inside what it names')
  const inside = [...above, value]
  if (Array.isArray(value)) return value.map((inner) => (inner === null ? null : written(inner, inside)))
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, written(inner, inside)]])),
  )
}

function valueAt(doc: Document, path: Path): Node | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = doc.getIn(path.slice(0, length), true)
    if (isNode(node)) return node
  }
  return undefined
}

function nameAt(doc: Document, path: Path): Node | undefined {
  const map = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true)
  const pair = isMap(map) ? map.items.find(({ key }) => String(key) === String(path.at(-1))) : undefined
  return pair !== undefined && isNode(pair.key) ? pair.key : valueAt(doc, path)
}

// Not by the parser's own count of lines, which misses some where a value over several lines is wrong.
function position(text: string, offset: number): Pick<Problem, 'line' | 'column'> {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

function yamlSentence({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'DUPLICATE_KEY') return 'This name stands here twice; remove one of them.'
  if (code === 'TAB_AS_INDENT') return 'A tab cannot indent YAML; write blanks.'
  return `This is no YAML: ${message}.`.replace(/\.\.$/, '.')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`
}
