// What a client's exec string asks for. There is no shell: the string is split by the quoting that git writes, and
// anything a shell would act upon is refused.

const services = ['git-receive-pack', 'git-upload-pack', 'git-upload-archive'] as const

export type GitService = (typeof services)[number]

export type Exec =
  | { readonly kind: 'git'; readonly service: GitService; readonly path: string }
  | { readonly kind: 'word'; readonly argv: readonly string[] }
  /** `why` is one sentence for the client. */
  | { readonly kind: 'refused'; readonly why: string }

/** Bytes of UTF-8; git's own commands are far shorter. */
export const LONGEST_EXEC = 4096

/** Reads an exec string (RFC 4254, 6.5). Never throws; the path is as the client wrote it, without its quotes. */
export function parseExec(command: string): Exec {
  if (Buffer.byteLength(command) > LONGEST_EXEC) return refused(`The command is longer than ${LONGEST_EXEC} bytes.`)
  // U+FFFD stands where the bytes were not UTF-8.
  if (/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(command)) return refused('The command contains control characters.')
  const argv = split(command)
  if (typeof argv === 'string') return refused(argv)
  const [first, second, ...rest] = argv
  // `git receive-pack` and `git-receive-pack` are one command (git(1)).
  const spaced = first === 'git' && services.find((service) => service === `git-${second}`)
  if (spaced) return git(spaced, rest)
  const service = services.find((service) => service === first)
  if (service) return git(service, argv.slice(1))
  return { kind: 'word', argv }
}

function git(service: GitService, args: readonly string[]): Exec {
  const [path] = args
  if (args.length !== 1 || !path || path.startsWith('-')) return refused(`${service} takes one repository path.`)
  return { kind: 'git', service, path }
}

function refused(why: string): Exec {
  return { kind: 'refused', why }
}

/** Splits by POSIX quoting (XCU 2.2). Answers the arguments, or the sentence that says why not. */
function split(command: string): string[] | string {
  const argv: string[] = []
  let word: string | null = null
  for (let i = 0; i < command.length; i++) {
    const c = command[i] as string
    if (c === ' ') {
      if (word !== null) argv.push(word)
      word = null
    } else if (c === "'") {
      const end = command.indexOf("'", i + 1)
      if (end === -1) return 'The command has a quote that is not closed.'
      word = (word ?? '') + command.slice(i + 1, end)
      i = end
    } else if (c === '"') {
      const end = command.indexOf('"', i + 1)
      if (end === -1) return 'The command has a quote that is not closed.'
      const inside = command.slice(i + 1, end)
      if (/[\\$`]/.test(inside)) return 'Write a text that has \\, $ or ` in single quotes: there is no shell here.'
      word = (word ?? '') + inside
      i = end
    } else if (c === '\\') {
      // git writes ' as '\'' and ! as '\!'
      const next = command[++i]
      if (next === undefined) return 'The command ends with a backslash.'
      word = (word ?? '') + next
    } else if (';|&$`<>()*?[]{}#!'.includes(c)) {
      return `There is no shell here: ${c} is not accepted outside quotes.`
    } else {
      word = (word ?? '') + c
    }
  }
  if (word !== null) argv.push(word)
  return argv
}
