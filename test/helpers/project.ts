// A git project made from a fixture, and `git push` with the client's own clock on every line.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mustRun, type Ran, run, start } from '../../src/lib/spawn.ts'
import type { Key } from './keys.ts'
import { cleanEnv, root } from './programs.ts'
import type { Receiver } from './receiver.ts'
import { type Ending, tempDir } from './temp-dir.ts'

/** Contents by path; null removes the file. */
export type Files = Readonly<Record<string, string | null>>

export interface Line {
  readonly text: string
  /** Milliseconds from the start of the push. */
  readonly at: number
}

export interface Pushed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The lines of stderr, without the padding and the escapes that git adds. */
  readonly lines: readonly Line[]
  /** Milliseconds. */
  readonly duration: number
}

export interface PushSettings {
  /** `org/project`; default `acme/hello-web`. */
  readonly name?: string
  /** Default: the administrator's. */
  readonly key?: Key
  /** More flags of `git push`, before the remote. */
  readonly flags?: readonly string[]
  /** Push options (`-o`). */
  readonly options?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly onLine?: (line: Line) => void
  /** Kills git (SIGKILL), as a person who closes the terminal does. */
  readonly signal?: AbortSignal
}

export interface Project {
  readonly directory: string
  git(...args: string[]): Promise<string>
  tryGit(...args: string[]): Promise<Ran>
  write(files: Files): void
  /** Copies a folder of fixtures over the work tree: `overlay('overlays/dies-at-once')`. */
  overlay(fixture: string): void
  /** Commits everything in the work tree, with `files` written first; answers the commit's id. */
  commit(message?: string, files?: Files): Promise<string>
  push(receiver: Receiver, refspecs: string | readonly string[], settings?: PushSettings): Promise<Pushed>
}

/** A repository with one commit on `main`: the fixture with `overrides`. */
export async function makeProject(t: Ending, fixture = 'hello-web', overrides: Files = {}): Promise<Project> {
  const directory = tempDir(t, 'p')
  const env = cleanEnv(directory)
  const git = (...args: string[]) => mustRun({ argv: ['git', ...args], env, cwd: directory })
  const project: Project = {
    directory,
    git,
    tryGit: (...args) => run({ argv: ['git', ...args], env, cwd: directory }),
    write: (files) => writeFiles(directory, files),
    overlay: (name) => cpSync(join(root, 'fixtures', name), directory, { recursive: true }),
    commit: async (message = 'A change', files = {}) => {
      writeFiles(directory, files)
      await git('add', '-A')
      await git('commit', '-q', '--allow-empty', '-m', message)
      return git('rev-parse', 'HEAD')
    },
    push: (receiver, refspecs, settings = {}) => push(directory, env, receiver, [refspecs].flat(), settings),
  }
  project.overlay(fixture)
  await git('init', '-q', '-b', 'main')
  await project.commit('The first version', overrides)
  return project
}

function writeFiles(directory: string, files: Files) {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path)
    if (content === null) rmSync(file, { recursive: true, force: true })
    else {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
    }
  }
}

function push(
  cwd: string,
  env: Record<string, string>,
  receiver: Receiver,
  refspecs: readonly string[],
  { name = 'acme/hello-web', key, flags = [], options = [], env: more = {}, onLine, signal }: PushSettings,
): Promise<Pushed> {
  const asked = options.flatMap((option) => ['-o', option])
  const argv: [string, ...string[]] = ['git', 'push', ...flags, ...asked, receiver.url(name), ...refspecs]
  const begun = performance.now()
  const child = start({ argv, cwd, env: { ...env, GIT_SSH_COMMAND: receiver.sshCommand(key), ...more } }, [
    'ignore',
    'pipe',
    'pipe',
  ])
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })

  let stdout = ''
  let stderr = ''
  let rest = ''
  const lines: Line[] = []
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const at = performance.now() - begun
    stderr += chunk
    const parts = (rest + chunk).split(/\r?\n|\r/)
    rest = parts.pop() ?? ''
    for (const part of parts) {
      // git pads or erases to the end of the line after each line of the sideband (sideband.c).
      const line = { text: part.replaceAll('\u001b[K', '').trimEnd(), at }
      lines.push(line)
      onLine?.(line)
    }
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      signal?.removeEventListener('abort', kill)
      if (rest) lines.push({ text: rest.trimEnd(), at: performance.now() - begun })
      resolve({ code, stdout, stderr, lines, duration: performance.now() - begun })
    })
  })
}
