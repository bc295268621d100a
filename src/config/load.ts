// Reads the configuration as it is now: the file, the flags over it, and everybody's keys.
import { readFileSync } from 'node:fs'
import { type Config, type ServeFlags, toConfig } from './config.ts'
import type { Env } from './env.ts'
import { type KnownKey, type ReadKey, readKeys } from './keys.ts'
import { type ParsedFile, parseFile } from './parse-file.ts'
import { ConfigError, ConfigProblems } from './problems.ts'
import { checkRules } from './rules.ts'

export interface Loaded {
  readonly config: Config
  readonly keys: readonly KnownKey[]
  /** Files that all this was read from. */
  readonly files: readonly string[]
}

/** Loads and checks everything. Throws ConfigProblems with all that is wrong with the file, or ConfigError with one sentence. */
export function loadConfig(flags: ServeFlags, env: Env, readKey: ReadKey): Loaded {
  const parsed: ParsedFile | null = flags.config === undefined ? null : parseFile(readText(flags.config))
  const name = flags.config ?? ''
  if (parsed !== null && parsed.problems.length > 0) throw new ConfigProblems(name, parsed.problems)
  const problems = parsed === null ? [] : checkRules(parsed.settings, parsed.place)
  const config = toConfig(flags, env, parsed?.settings)
  const { keys, files, wrong } = readKeys(config, env.home, readKey)
  for (const { path, message } of wrong) {
    if (path === null || parsed === null) throw new ConfigError(message)
    problems.push({ ...parsed.place(path), message })
  }
  if (problems.length > 0) throw new ConfigProblems(name, problems, files)
  if (!keys.some(({ administrator }) => administrator))
    throw new ConfigError(
      'No administrator: make a key with ssh-keygen -t ed25519, or name a public key with --admin-key FILE.pub.',
    )
  return { config, keys, files: [...(config.file === null ? [] : [config.file]), ...files] }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`The configuration file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}
