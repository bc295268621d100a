// What settings of the configuration file are made of: texts, flags, lists and groups that say what they take.
import { z } from 'zod'

/** A host name in lower case (RFC 1123). */
export const hostNamePattern =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
/** HOST:PORT, with brackets around an IPv6 address. */
export const addressPattern =
  /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/

/** A text that matches a pattern; `takes` is told where it does not. */
export const text = (takes: string, pattern: RegExp, description: string, example: string, standard?: string) =>
  z
    .string({ error: takes })
    .regex(pattern, { error: takes })
    .meta({ description, examples: [example], ...(standard === undefined ? {} : { default: standard }) })
    .optional()
/** true or false, false by default. */
export const flag = (description: string) =>
  z.boolean({ error: 'true or false' }).meta({ description, default: false }).optional()
/** Settings below a name. */
export const group = <T extends z.ZodRawShape>(shape: T, description: string) =>
  z
    .strictObject(shape, { error: said(`settings below it, each on a line of its own (${Object.keys(shape)[0]}: …)`) })
    .meta({ description })
    .optional()
/** What is said of a wrong value; an unknown name has a sentence of its own. */
export const said = (takes: string) => (issue: { readonly code?: string }) =>
  issue.code === 'unrecognized_keys' ? undefined : takes
/** A list of texts. */
export const list = (takes: string, description: string, example: string) =>
  z
    .array(z.string({ error: takes }), { error: `a list, each on a line of its own (- ${example})` })
    .meta({ description, examples: [[example]] })
    .optional()
/** A path. */
export const path = (description: string, example: string) =>
  text('a path (relative ones start at this file)', /^[^\0\n]+$/, description, example)
/** HOST:PORT. */
export const address = (description: string, standard: string) =>
  text('HOST:PORT, like 127.0.0.1:2222 (port 0 picks a free one)', addressPattern, description, standard, standard)
