// Push options (`git push -o`): known ones are taken, everything else is refused by name.
import { type PushOptions, Refused } from '../records.ts'

/** Parses options as git hands them over. Throws Refused that names the first unknown one. */
export function parsePushOptions(
  texts: readonly string[],
  limits: { pushOptions: number; pushOptionLength: number },
): PushOptions {
  if (texts.length > limits.pushOptions) throw new Refused(`too many push options: at most ${limits.pushOptions}`)
  let trace = false
  let color = false
  const confirm: string[] = []
  const force: string[] = []
  for (const text of texts) {
    if (text.length > limits.pushOptionLength)
      throw new Refused(`a push option is longer than ${limits.pushOptionLength} characters`)
    if (text === 'trace') trace = true
    else if (text === 'color') color = true
    else if (text.startsWith('confirm=')) confirm.push(text.slice('confirm='.length))
    else if (text.startsWith('force=')) force.push(text.slice('force='.length))
    else
      throw new Refused(`unknown push option '${text}'`, {
        help: ['Known: -o trace, -o color, -o confirm=KEY, -o force=KEY'],
      })
  }
  return { trace, color, confirm, force }
}
