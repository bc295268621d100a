// One line of `nix --log-format internal-json` as a record. What is no such line, or one we do not know, is text or nothing.
// Shapes: src/libutil/logging.hh of Nix (enum ActivityType, enum ResultType); checked with 2.8.
import { z } from 'zod'

export type NixEntry =
  | { readonly kind: 'build-start'; readonly id: number; readonly drv: string }
  | { readonly kind: 'copy-start'; readonly id: number; readonly path: string }
  | { readonly kind: 'download-start'; readonly id: number; readonly url: string }
  | { readonly kind: 'builds-start'; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'line'; readonly id: number; readonly line: string }
  | {
      readonly kind: 'progress'
      readonly id: number
      readonly done: number
      readonly expected: number
      readonly failed: number
    }
  /** What an activity expects of all the activities of a kind together, in bytes. */
  | { readonly kind: 'expect'; readonly id: number; readonly of: 'copy' | 'download'; readonly bytes: number }
  | { readonly kind: 'message'; readonly level: number; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'other' }

const ACTIVITY = { copyPath: 100, fileTransfer: 101, builds: 104, build: 105 }
const RESULT = { line: 101, progress: 105, setExpected: 106, postBuildLine: 107 }

const id = z.number()
const fields = z.array(z.unknown())
const startSchema = z.object({ action: z.literal('start'), id, type: z.number(), fields: fields.default([]) })
const stopSchema = z.object({ action: z.literal('stop'), id })
const resultSchema = z.object({ action: z.literal('result'), id, type: z.number(), fields })
const messageSchema = z.object({ action: z.literal('msg'), level: z.number(), msg: z.string() })
const entrySchema = z.discriminatedUnion('action', [startSchema, stopSchema, resultSchema, messageSchema])
const progressSchema = z.tuple([z.number(), z.number(), z.number(), z.number()])
const expectSchema = z.tuple([z.number(), z.number()])

/** Parses one line (without its newline). Never throws. */
export function parseNixLine(line: string): NixEntry {
  if (!line.startsWith('@nix ')) return { kind: 'text', text: line }
  const entry = entrySchema.safeParse(parseJson(line.slice(5)))
  if (!entry.success) return { kind: 'other' }
  const { data } = entry
  switch (data.action) {
    case 'start':
      return started(data)
    case 'stop':
      return { kind: 'stop', id: data.id }
    case 'result':
      return resulted(data)
    case 'msg':
      return { kind: 'message', level: data.level, text: data.msg }
  }
}

function started({ id, type, fields }: z.infer<typeof startSchema>): NixEntry {
  const [path] = fields
  if (type === ACTIVITY.builds) return { kind: 'builds-start', id }
  if (typeof path !== 'string') return { kind: 'other' }
  if (type === ACTIVITY.build) return { kind: 'build-start', id, drv: path }
  // A substituted path shows up as a substitution and as the copying inside of it: only the copying is counted.
  if (type === ACTIVITY.copyPath) return { kind: 'copy-start', id, path }
  if (type === ACTIVITY.fileTransfer) return { kind: 'download-start', id, url: path }
  return { kind: 'other' }
}

function resulted({ id, type, fields }: z.infer<typeof resultSchema>): NixEntry {
  const [line] = fields
  if ((type === RESULT.line || type === RESULT.postBuildLine) && typeof line === 'string')
    return { kind: 'line', id, line }
  if (type === RESULT.setExpected) return expected(id, fields)
  const numbers = type === RESULT.progress ? progressSchema.safeParse(fields) : null
  if (!numbers?.success) return { kind: 'other' }
  const [done, all, , failed] = numbers.data
  return { kind: 'progress', id, done, expected: all, failed }
}

function expected(id: number, fields: readonly unknown[]): NixEntry {
  const [type, bytes] = expectSchema.safeParse(fields).data ?? []
  if (bytes === undefined) return { kind: 'other' }
  if (type === ACTIVITY.copyPath) return { kind: 'expect', id, of: 'copy', bytes }
  return type === ACTIVITY.fileTransfer ? { kind: 'expect', id, of: 'download', bytes } : { kind: 'other' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
