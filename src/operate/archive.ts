// The file that `hostenv backup` writes and `hostenv restore` reads: a tar archive whose first member says what is in it.
import { closeSync, openSync } from 'node:fs'
import { z } from 'zod'
import { ConfigError } from '../config/config.ts'
import { type Command, run, start } from '../lib/spawn.ts'

/** Members of the archive, by what they hold. */
export const members = {
  manifest: 'manifest.json',
  record: 'hostenv.db',
  hostKey: 'ssh_host_ed25519_key',
  repositories: 'repos',
  logs: 'log/deploys',
  /** Closures of all releases, as `nix-store --export` writes them. */
  store: 'store.export',
} as const

const storePath = z.string().regex(/^\/nix\/store\/[0-9a-z]{32}-[A-Za-z0-9+._?=-]+$/)
const schema = z.object({
  format: z.literal(1),
  hostenv: z.string(),
  /** Version of the record's schema. */
  schema: z.number().int().positive(),
  at: z.iso.datetime(),
  /** Which store the receiver used, and whether its paths are in here. */
  store: z.enum(['private', 'machine']),
  exported: z.boolean(),
  /** `org/project` of each repository: an archive that was cut short lacks some. */
  repositories: z.array(z.string().regex(/^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9-]*$/)),
  profiles: z.array(
    z.object({
      userName: z.string().regex(/^[a-z0-9-]{1,31}$/),
      current: z.number().int().positive().nullable(),
      generations: z.array(z.object({ n: z.number().int().positive(), storePath })),
    }),
  ),
})

export type ArchiveManifest = z.infer<typeof schema>

/** `tar` with these arguments, in English. */
export function tar(path: string, args: readonly string[]): Command & { argv: [string, ...string[]] } {
  return { argv: ['setpriv', '--pdeathsig', 'KILL', 'tar', ...args], env: { PATH: path, LC_ALL: 'C' } }
}

/** Reads the first member. Throws ConfigError when the file is no backup, or one of a newer version. */
export async function readManifest(file: string, path: string): Promise<ArchiveManifest> {
  const args = ['--extract', '--to-stdout', '--occurrence=1', `--file=${file}`, members.manifest]
  const ran = await run(tar(path, ['--force-local', ...args]))
  const parsed = schema.safeParse(parse(ran.stdout))
  if (parsed.success) return parsed.data
  const said = ran.code === 0 ? '' : ` (${ran.stderr.trim().split('\n')[0]})`
  throw new ConfigError(
    `${file} is no backup that this hostenv can read${said}: name a file that hostenv backup wrote.`,
  )
}

/** Runs a command with its input from a file, or its output into one (mode 0600). Throws with the last line of its stderr. */
export async function withFile(command: Command, file: { input: string } | { output: string }): Promise<void> {
  const reads = 'input' in file
  const fd = reads ? openSync(file.input, 'r') : openSync(file.output, 'wx', 0o600)
  try {
    const child = start(command, reads ? [fd, 'ignore', 'pipe'] : ['ignore', fd, 'pipe'])
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-4000)
    })
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    )
    if (code !== 0)
      throw new Error(`${command.argv.slice(0, 5).join(' ')} failed: ${said.trim().split('\n').at(-1) ?? ''}`)
  } finally {
    closeSync(fd)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
