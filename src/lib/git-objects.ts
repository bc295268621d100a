// What names mean in a repository, asked of a `git cat-file --batch-check` that stays open while it is asked often: starting a git
// for each small question is most of what the answer costs.
import { statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Oid } from '../records.ts'
import { git } from './git.ts'
import { type Child, launch } from './launch.ts'

export interface GitObject {
  readonly oid: Oid
  readonly type: 'commit' | 'tree' | 'blob' | 'tag'
}

/** Milliseconds for which one that nobody asks stays open. */
const patience = 10_000
/** So many stay open. */
const most = 16

const readers = new Map<string, Promise<Reader>>()

/**
 * The objects that names mean (gitrevisions(7)), in their order; null where there is none. Refs are read anew each time. Throws when
 * git cannot tell.
 */
export async function objectsOf(
  repository: string,
  path: string,
  names: readonly string[],
): Promise<(GitObject | null)[]> {
  try {
    return await (await reader(repository, path)).ask(names)
  } catch (error) {
    if (!(error instanceof ReaderEnded)) throw error
    // It was ended by somebody, perhaps long ago: another one tells.
    return await (await reader(repository, path)).ask(names)
  }
}

/** A repository that was removed and made again under its old name is another one. */
async function reader(repository: string, path: string): Promise<Reader> {
  const { dev, ino } = statSync(repository)
  const id = `${dev}:${ino} ${repository}`
  const known = readers.get(id)
  if (known !== undefined) return await known
  const ended = () => {
    if (readers.get(id) === made) readers.delete(id)
  }
  const command = git(repository, path, ['cat-file', '--batch-check=%(objectname) %(objecttype)'])
  const made = launch({ ...command, stdio: ['pipe', 'pipe', 'ignore'], detached: false }).then(
    (child) => new Reader(child, ended),
  )
  readers.set(id, made)
  made.catch(ended)
  const [oldest] = readers.values()
  if (readers.size > most) void oldest?.then((one) => one.close())
  return await made
}

class ReaderEnded extends Error {}

class Reader {
  readonly #child: Child
  readonly #ended: () => void
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = []
  #timer: NodeJS.Timeout | undefined
  #why: ReaderEnded | null = null

  constructor(child: Child, ended: () => void) {
    this.#child = child
    this.#ended = ended
    const { stdin, stdout } = child
    if (!stdin || !stdout) throw new Error('git was started without pipes')
    stdin.on('error', () => undefined)
    createInterface({ input: stdout }).on('line', (line) => this.#waiting.shift()?.resolve(line))
    child.once('close', (code, signal) =>
      this.#end(new ReaderEnded(`git cat-file ${code === null ? `was ended by ${signal}` : `exited ${code}`}`)),
    )
  }

  async ask(names: readonly string[]): Promise<(GitObject | null)[]> {
    if (names.some((name) => /[\0\n]/.test(name))) throw new Error('a name of more than one line')
    if (this.#why !== null) throw this.#why
    this.#hold(true)
    clearTimeout(this.#timer)
    const lines = names.map(() => {
      const { promise, ...settle } = Promise.withResolvers<string>()
      this.#waiting.push(settle)
      return promise
    })
    this.#child.stdin?.write(names.map((name) => `${name}\n`).join(''))
    try {
      return (await Promise.all(lines)).map(parsed)
    } finally {
      if (this.#waiting.length === 0) {
        this.#hold(false)
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => this.close(), patience).unref()
      }
    }
  }

  /** Takes no more questions; ends once it answered those that it has. */
  close(): void {
    clearTimeout(this.#timer)
    this.#ended()
    this.#child.stdin?.end()
  }

  #end(error: ReaderEnded): void {
    this.#why = error
    this.#ended()
    clearTimeout(this.#timer)
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  // A receiver that has nothing else to do may end; git ends with its input.
  #hold(held: boolean): void {
    const { stdin, stdout } = this.#child
    for (const one of [this.#child, stdin as Socket | null, stdout as Socket | null]) held ? one?.ref() : one?.unref()
  }
}

// `OID TYPE`, or the name and `missing`.
function parsed(line: string): GitObject | null {
  const match = /^([0-9a-f]{40}) (commit|tree|blob|tag)$/.exec(line)
  return match?.[1] && match[2] ? { oid: match[1], type: match[2] as GitObject['type'] } : null
}
