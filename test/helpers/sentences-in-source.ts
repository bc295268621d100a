// Every sentence with which the receiver refuses, warns or finds fault, as it stands in src/: what docs/guide/troubleshooting.md explains.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Literal, literalsOf } from './literals.ts'
import { root } from './programs.ts'

export interface Sentence {
  /** `src/…:12` */
  readonly where: string
  /** The fixed parts; what is filled in stands between them. */
  readonly parts: readonly string[]
}

/** What is thrown, answered or made with a sentence for a person. */
const spoken = new Set([
  ...['Refused', 'Stop', 'ConfigError', 'SchemaError', 'StateInUse', 'KeyError', 'Unfinished'],
  ...['malformed', 'notAllowed', 'refused', 'fail', 'folder'],
])

/** Properties whose text is a sentence, wherever they stand; and those that say more than the sentence. */
const headlines = new Set(['headline'])
const findings = new Set(['what'])
const more = new Set(['help', 'detail', 'mend', 'where'])

/** Lines that stand below a sentence and say what to do. */
const advice =
  /^(Push an earlier|What refused|Keep large|Push fewer|See which|A repository cannot|Get it and|Add it to users|Did you mean|\/proc\/)/

/** Files all of whose sentences are such. */
const whole = [
  'activate/limit-hints',
  'build/failure',
  'config/keys',
  'config/parse-file',
  'config/rules',
  'doors',
  'frontdoor/answer',
  'lib/usage',
  'receive/judge-push',
  'receive/receive-pack',
  'receive/ref-name',
  'receive/wire',
  'report/refuse',
  'resolve/evaluate',
  'resolve/not-fetched',
  'transport/key',
  'transport/ssh/admission',
  'transport/ssh/connection',
  'transport/ssh/exec',
  'transport/ssh/server',
  'transport/ssh/session',
].map((name) => `src/${name}.ts`)

/** All of them, in the order of the files. */
export function sentencesInSource(): Sentence[] {
  const files = globSync('src/**/*.ts', { cwd: root }).sort()
  return files.flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8')
    const lines = source.split('\n')
    // What a class that is a refusal is made with.
    const refuses = /class \w+ extends (Refused|KeyError)/.test(source)
    return literalsOf(source)
      .filter((literal) => isSpoken(literal, file, refuses) || isWarning(literal, lines))
      .map(({ parts, line }) => ({ where: `${file}:${line}`, parts: parts.map((part) => part.replace(/\s+/g, ' ')) }))
  })
}

// The text of an event `warning` (src/events.ts).
function isWarning({ calls, properties, line }: Literal, lines: readonly string[]): boolean {
  const isEmitted = properties[0] === 'text' && calls.some((call) => /(^|\.)emit$/.test(call))
  return isEmitted && /type: 'warning'/.test(lines.slice(Math.max(0, line - 2), line).join('\n'))
}

function isSpoken({ parts, calls, properties, nested }: Literal, file: string, refuses: boolean): boolean {
  const text = parts.join(' … ')
  const words = text.match(/[A-Za-z]{2,}/g)?.length ?? 0
  if (words === 0 || advice.test(text) || properties.some((name) => more.has(name))) return false
  const names = calls.map((call) => call.replace(/^.*\./, ''))
  if (
    names.some((name) => name === 'Error' || name === 'Set' || name === 'Map') ||
    calls.some((call) => /(^|\.)log\./.test(call))
  )
    return false
  const sentence = words >= 3 && / .* /.test(text)
  if (properties.some((name) => headlines.has(name))) return !nested || sentence
  if (file.startsWith('src/operate/doctor/') && properties.some((name) => findings.has(name))) return sentence
  if (names.some((name) => spoken.has(name) || (refuses && name === 'super')))
    return nested ? sentence : /[a-z]{4}/i.test(text)
  return sentence && whole.includes(file)
}
