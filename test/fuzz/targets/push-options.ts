// Push options. Right is: what is taken says again what was written, and what is refused has a reason that holds and that the
// status line can carry.
import fc from 'fast-check'
import { parsePushOptions } from '../../../src/receive/push-options.ts'
import { type PushOptions, Refused } from '../../../src/records.ts'
import { statusReason } from '../../../src/report/status.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

const limits = { pushOptions: 20, pushOptionLength: 200 }
const kept = corpus<string[]>('push-options')
const flags = ['trace', 'color', 'detach', 'dry-run', 'no-activate']
const text = fc.oneof(
  fc.constantFrom(...flags),
  fc
    .tuple(fc.constantFrom('env', 'ttl', 'confirm', 'force', 'trace', 'Env', 'x'), oddText)
    .map(([name, value]) => `${name}=${value}`),
  fc.tuple(fc.nat({ max: 20_000 }), fc.constantFrom(...'smhdwy')).map(([n, unit]) => `ttl=${n}${unit}`),
  mutated(kept.flat()),
  oddText,
)

export const pushOptions: Target<readonly string[]> = {
  inputs: fc.array(text, { maxLength: 25, size: 'small' }),
  corpus: kept,
  check(texts) {
    const should = reasonsAgainst(texts)
    let options: PushOptions
    try {
      options = parsePushOptions(texts, limits)
    } catch (error) {
      must(error instanceof Refused, `not a refusal: ${error}`)
      const said = error.message
      must(should.length > 0, `refused without a reason: ${said}`)
      must(
        should.some((part) => said.includes(part)),
        `refused because of '${said}', not of ${should.join(', ')}`,
      )
      const line = statusReason(said, 1)
      must(Buffer.byteLength(line) <= 200 && !/[\u0000-\u001f\u007f-\u009f\u202e]/.test(line), `the line ${line}`)
      return
    }
    mustEqual(should, [], 'taken, in spite of')
    mustEqual([...new Set(written(options))].toSorted(), [...new Set(texts)].toSorted(), 'what is taken')
  },
}

function written(options: PushOptions): string[] {
  const names = { trace: 'trace', color: 'color', detach: 'detach', dryRun: 'dry-run', noActivate: 'no-activate' }
  return [
    ...Object.entries(names).flatMap(([field, name]) => (options[field as keyof typeof names] ? [name] : [])),
    ...(['env', 'ttl'] as const).flatMap((name) => (options[name] === null ? [] : [`${name}=${options[name]}`])),
    ...(['confirm', 'force'] as const).flatMap((name) => options[name].map((key) => `${name}=${key}`)),
  ]
}

// What a refusal may say, in a word each.
function reasonsAgainst(texts: readonly string[]): string[] {
  const reasons: string[] = []
  if (texts.length > limits.pushOptions) reasons.push('too many push options')
  const values = { env: new Set<string>(), ttl: new Set<string>() }
  for (const text of texts) {
    const at = text.indexOf('=')
    const [name, value] = at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
    if (text.length > limits.pushOptionLength) reasons.push('longer than 200')
    else if (value === null ? !flags.includes(name) : !['env', 'ttl', 'confirm', 'force'].includes(name))
      reasons.push(`unknown push option '${text}'`)
    else if (value !== null && (name === 'env' || name === 'ttl')) values[name].add(value)
  }
  for (const name of ['env', 'ttl'] as const) if (values[name].size > 1) reasons.push(`${name} is given twice`)
  if (values.env.has('')) reasons.push('env takes the key')
  for (const value of values.ttl) if (!lives(value)) reasons.push('ttl takes a time')
  if (texts.includes('dry-run') && texts.includes('no-activate')) reasons.push('exclude each other')
  return reasons
}

function lives(text: string): boolean {
  const count = text.slice(0, -1)
  const digits = [...count].every((digit) => '0123456789'.includes(digit))
  return 'mhdw'.includes(text.slice(-1) || '!') && digits && count.length <= 4 && count !== '' && !count.startsWith('0')
}
