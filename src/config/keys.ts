// Everybody's public keys: of the users in the configuration, of the files that were named, or of the invoking user.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, namesAdministrator } from './config.ts'
import type { Path } from './parse-file.ts'

/** Answers the `SHA256:…` fingerprint of a line as in authorized_keys(5); throws an Error with a sentence when it is no key. */
export type ReadKey = (line: string) => string

export interface KnownKey {
  readonly fingerprint: string
  readonly user: string
  readonly administrator: boolean
  /** Where it stands, for people. */
  readonly source: string
}

export interface WrongKey {
  /** The setting that names it, or null for a key file of the command line or the invoking user's. */
  readonly path: Path | null
  readonly message: string
}

interface Source {
  readonly path: Path | null
  readonly user: string
  readonly administrator: boolean
  readonly name: string
  readonly text: string | { readonly file: string }
}

/** Reads all keys. What cannot be used is told, not thrown. */
export function readKeys(config: Config, home: string | undefined, readKey: ReadKey) {
  const keys = new Map<string, KnownKey>()
  const wrong: WrongKey[] = []
  const files: string[] = []
  for (const { path, user, administrator, name, text } of sources(config, home)) {
    const say = (message: string) => wrong.push({ path, message })
    if (typeof text !== 'string') files.push(text.file)
    const content = typeof text === 'string' ? text : read(text.file, say)
    for (const [index, line] of lines(content).entries()) {
      const where = typeof text === 'string' ? name : `${name}${index === 0 ? '' : ` (key ${index + 1})`}`
      try {
        const fingerprint = readKey(line)
        const other = keys.get(fingerprint)
        if (other !== undefined && other.user !== user && path !== null)
          say(`${where}: this key is ${other.user}'s already; a key has one owner.`)
        else if (other === undefined || administrator)
          keys.set(fingerprint, { fingerprint, user, administrator, source: name })
      } catch (error) {
        say(`${where}: ${(error as Error).message}`)
      }
    }
  }
  return { keys: [...keys.values()], files, wrong }
}

function sources(config: Config, home: string | undefined): Source[] {
  const found: Source[] = []
  for (const [user, { administrator, keys, keyFiles }] of Object.entries(config.users)) {
    for (const [index, text] of keys.entries())
      found.push({ path: ['users', user, 'keys', index], user, administrator, name: `users.${user}`, text })
    for (const [index, file] of keyFiles.entries())
      found.push({ path: ['users', user, 'keyFiles', index], user, administrator, name: file, text: { file } })
  }
  const own = namesAdministrator(config) ? config.adminKeyFiles : ownKeys(home)
  for (const file of own) found.push({ path: null, user: 'admin', administrator: true, name: file, text: { file } })
  return found
}

// Only keys that have their private half here are this user's own; a .pub alone may be somebody else's.
function ownKeys(home: string | undefined): string[] {
  const directory = join(home ?? '/nonexistent', '.ssh')
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((name) => name.endsWith('.pub') && existsSync(join(directory, name.slice(0, -4))))
    .map((name) => join(directory, name))
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function read(file: string, say: (message: string) => void): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    say(
      `The key file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); put it there, or remove the line.`,
    )
    return ''
  }
}
