// `keys`: which keys are whose.
import { text } from 'node:stream/consumers'
import { documents } from './schema.ts'
import { administrator, subcommand } from './subcommand.ts'
import { table } from './table.ts'
import type { WordContext } from './views.ts'
import { printJson, Stop, type Word } from './word.ts'

/** Characters of a public key's line; the longest RSA keys take a quarter of it. */
const LONGEST = 16_384

export const keys: Word = {
  name: 'keys',
  usage: 'keys [list [USER] | add USER [KEY] | remove FINGERPRINT] [--json]',
  summary: 'whose keys are known; add reads one from its input: keys add USER < FILE.pub',
  takes: [0, 20],
  perProject: false,
  async run(args, context) {
    const who = administrator(context)
    // A key that is given as an argument comes in as many words as its line has.
    const { name, rest } = subcommand('keys', args, { list: '[USER]', add: 'USER [KEY…]', remove: 'FINGERPRINT' })
    const [first = ''] = rest
    if (name === 'add') {
      const line = rest.length > 1 ? rest.slice(1).join(' ') : await input(context)
      const { fingerprint, user } = context.verbs.addKey(who, first, line)
      return context.stdout(`${fingerprint} is ${user}'s now.\n`)
    }
    if (name === 'remove') {
      const { fingerprint, user } = context.verbs.removeKey(who, first)
      return context.stdout(`${fingerprint} was ${user}'s; what it had open is closed.\n`)
    }
    const list = context.verbs.keys(who, first === '' ? null : first)
    if (args.json) return printJson(context, documents.keys.parse(list))
    if (list.length === 0) return context.stdout(`There is no key${first === '' ? '' : ` of ${first}`} yet.\n`)
    const rows = list.map((one) => [one.user, one.fingerprint, one.source, one.comment])
    await context.stdout(`${table([['USER', 'FINGERPRINT', 'SAID IN', 'COMMENT'], ...rows]).join('\n')}\n`)
  },
}

async function input({ client, closed }: WordContext): Promise<string> {
  const stop = () => client.stdin.destroy()
  closed?.addEventListener('abort', stop, { once: true })
  let bytes = 0
  client.stdin.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LONGEST) stop()
  })
  const line = await text(client.stdin).catch(() => '')
  const lines = line.split('\n').filter((one) => one.trim() !== '')
  if (lines.length === 1 && lines[0]) return lines[0]
  throw new Stop(1, 'keys add takes one public key: ssh HOST keys add USER < FILE.pub')
}
