// Which public keys are administrators': the files that were named, or the invoking user's own.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError } from './config.ts'

export interface KeyLine {
  readonly file: string
  readonly line: string
}

/** Reads the key lines of administrators. Throws ConfigError when a named file cannot be read or nothing is found. */
export function adminKeyLines(config: Config, home: string | undefined): KeyLine[] {
  const files = config.adminKeyFiles.length > 0 ? config.adminKeyFiles : ownKeys(home)
  const lines = files.flatMap((file) =>
    read(file)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => ({ file, line })),
  )
  if (lines.length === 0)
    throw new ConfigError(
      'No administrator: make a key with ssh-keygen -t ed25519, or name a public key with --admin-key FILE.pub.',
    )
  return lines
}

// Only keys that have their private half here are this user's own; a .pub alone may be somebody else's.
function ownKeys(home: string | undefined): string[] {
  const directory = join(home ?? '/nonexistent', '.ssh')
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((name) => name.endsWith('.pub') && existsSync(join(directory, name.slice(0, -4))))
    .map((name) => join(directory, name))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`The key file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}
