// Push options (`git push -o`): known ones are taken, everything else is refused by name.
import { nearest } from '../config/nearest.ts'
import { parseTtl } from '../lib/ttl.ts'
import { type PushOptions, Refused } from '../records.ts'

/** What holds for a push without options. */
export const noPushOptions: PushOptions = {
  ...{ trace: false, color: false, detach: false, dryRun: false, noActivate: false },
  ...{ env: null, ttl: null, confirm: [], force: [] },
}

const flags = {
  trace: 'trace',
  color: 'color',
  detach: 'detach',
  'dry-run': 'dryRun',
  'no-activate': 'noActivate',
} as const
const lists = ['confirm', 'force'] as const
const known = [...Object.keys(flags), 'env=KEY', 'ttl=7d', ...lists.map((name) => `${name}=KEY`)]

/** Parses options as git hands them over. Throws Refused that names the first one that is unknown or says nothing useful. */
export function parsePushOptions(
  texts: readonly string[],
  limits: { pushOptions: number; pushOptionLength: number },
): PushOptions {
  if (texts.length > limits.pushOptions) throw new Refused(`too many push options: at most ${limits.pushOptions}`)
  const options = { ...noPushOptions, confirm: [] as string[], force: [] as string[] }
  for (const text of texts) {
    if (text.length > limits.pushOptionLength)
      throw new Refused(`a push option is longer than ${limits.pushOptionLength} characters`)
    const [, name = '', value] = /^([a-z-]+)(?:=(.*))?$/s.exec(text) ?? []
    if (value === undefined && Object.hasOwn(flags, name)) options[flags[name as keyof typeof flags]] = true
    else if (value !== undefined && (name === 'confirm' || name === 'force')) options[name].push(value)
    else if (value !== undefined && (name === 'env' || name === 'ttl')) options[name] = once(name, options[name], value)
    else throw unknown(text)
  }
  if (options.ttl !== null && parseTtl(options.ttl) === null)
    throw new Refused(`push option ttl takes a time like 12h, 7d or 2w, not '${options.ttl}'`)
  if (options.env === '') throw new Refused('push option env takes the key of an environment: -o env=KEY')
  if (options.dryRun && options.noActivate)
    throw new Refused('dry-run and no-activate exclude each other', {
      help: ['dry-run keeps nothing; no-activate keeps the build and moves the branch.'],
    })
  return options
}

function once(name: string, before: string | null, value: string): string {
  if (before !== null && before !== value) throw new Refused(`push option ${name} is given twice`)
  return value
}

function unknown(text: string): Refused {
  const name = text.split('=')[0] ?? ''
  const meant = nearest(
    name,
    known.map((one) => one.split('=')[0] ?? ''),
  )
  const form = known.find((one) => one.split('=')[0] === meant)
  return new Refused(`unknown push option '${text}'`, {
    help: [...(form === undefined ? [] : [`Did you mean -o ${form}?`]), `Known, each after -o: ${known.join(', ')}`],
  })
}
