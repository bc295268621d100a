// Exec strings. Right is: the words that xargs(1) reads too, from what has no character that a shell acts upon; and what git
// quotes is read back.
import fc from 'fast-check'
import { run } from '../../../src/lib/spawn.ts'
import { LONGEST_EXEC, parseExec } from '../../../src/transport/ssh/exec.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

type Input = { readonly command: string; readonly argv?: readonly string[] }

const kept = corpus<string>('exec')
const clean = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(notClean(), ''))
const word = fc.oneof(
  clean,
  fc.constantFrom('git-receive-pack', 'git-upload-pack', 'git', 'receive-pack', 'envs', 'acme/shop.git', "it's", '-x'),
)
const style = fc.constantFrom(...(['single', 'double', 'backslash', 'plain'] as const))
const quoted = fc.array(fc.tuple(word, style), { minLength: 1, maxLength: 5 }).map(
  (words): Input => ({
    command: words.map(([text, how]) => quote(text, how)).join(' '),
    argv: words.map(([text]) => text),
  }),
)

// One word, and all of them, as XCU 2.2 has them where nothing is special to a shell.
const piece = String.raw`(?:'[^']*'|"[^"\\$${'`'}]*"|\\[\s\S]|[^ '"\\;|&$${'`'}<>()*?\[\]{}#!])`
const sentence = new RegExp(`^ *(?:${piece}+(?: +${piece}+)*)? *$`, 'u')

export const exec: Target<Input> = {
  inputs: fc.oneof(
    quoted,
    mutated(kept).map((command) => ({ command })),
    oddText.map((text) => ({ command: `git-upload-pack ${text}` })),
    oddText.map((command) => ({ command })),
  ),
  corpus: kept.map((command) => ({ command })),
  check({ command, argv }) {
    const parsed = parseExec(command)
    if (parsed.kind === 'refused') {
      must(/^[A-Za-z][^\u0000-\u001f\u007f-\u009f]{10,100}$/.test(parsed.why), `no sentence: ${parsed.why}`)
      must(argv === undefined || isGit(argv) || Buffer.byteLength(command) > LONGEST_EXEC, 'what git quotes is refused')
    }
    const words = taken(command)
    if (words === null) return must(parsed.kind === 'refused', 'taken, though a shell would act upon it')
    if (argv !== undefined) mustEqual(words, argv, 'the oracle reads something else than was quoted')
    if (parsed.kind === 'word') {
      mustEqual(parsed.argv, words, 'the words')
      return must(!isGit(words), 'a git command is taken for a word')
    }
    must(isGit(words), `refused or git, though it is a word: ${JSON.stringify(parsed)}`)
    const [service, ...rest] = words[0] === 'git' ? [`git-${words[1]}`, ...words.slice(2)] : words
    const fine = rest.length === 1 && rest[0] !== '' && !rest[0]?.startsWith('-')
    const expected = { kind: 'git', service, path: rest[0] }
    if (fine) mustEqual(parsed, expected, 'the git command')
    else must(parsed.kind === 'refused', 'a git command without one path is taken')
  },
  // GNU xargs splits by the same quoting and never starts a shell.
  async together(inputs) {
    const wrong: string[] = []
    const end = '--the-end-of-the-words--'
    const accepted = inputs.flatMap(({ command }) => {
      const parsed = command.isWellFormed() ? parseExec(command) : null
      return parsed?.kind === 'word' ? [{ command, argv: parsed.argv }] : []
    })
    for (let at = 0; at < accepted.length; at += 200) {
      const some = accepted.slice(at, at + 200)
      const input = some.map(({ command }) => `${command}\n${end}\n`).join('')
      const ran = await run({ argv: ['xargs', 'printf', '%s\\0'], env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, input })
      const read = ran.stdout.split('\0')
      for (const { command, argv } of some) {
        const words = read.splice(0, read.indexOf(end) + 1).slice(0, -1)
        if (words.join('\0') !== argv.join('\0'))
          wrong.push(`xargs reads ${JSON.stringify(command)} otherwise: ${words}`)
      }
    }
    return wrong
  },
}

// The words, by another way than the parser's; null where it must be refused.
function taken(command: string): string[] | null {
  if (Buffer.byteLength(command) > LONGEST_EXEC || notClean().test(command) || !sentence.test(command)) return null
  const words = command.match(new RegExp(`${piece}+`, 'gu')) ?? []
  return words.map((word) =>
    (word.match(new RegExp(piece, 'gu')) ?? [])
      .map((part) => (/^['"]/.test(part) ? part.slice(1, -1) : part.replace(/^\\/, '')))
      .join(''),
  )
}

function isGit([first, second]: readonly string[]): boolean {
  const service = first === 'git' ? `git-${second}` : (first ?? '')
  return ['git-receive-pack', 'git-upload-pack', 'git-upload-archive'].includes(service)
}

function notClean(): RegExp {
  return /[\u0000-\u001f\u007f-\u009f\ufffd]/g
}

function quote(text: string, how: 'single' | 'double' | 'backslash' | 'plain'): string {
  if (how === 'double' && !/["\\$`]/.test(text)) return `"${text}"`
  if (how === 'plain' && /^[A-Za-z0-9/._-]+$/.test(text)) return text
  if (how === 'backslash' && text !== '') return [...text].map((c) => (c.length === 1 ? `\\${c}` : c)).join('')
  // As git does it (sq_quote_buf in quote.c).
  return `'${text.replace(/['!]/g, (c) => `'\\${c}'`)}'`
}
