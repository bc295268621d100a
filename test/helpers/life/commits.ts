// A small history that all sequences push from: a main line, a fork of it and a merge, all of one clock second, some with the
// same tree. Every commit has the same environments, and a number that its release shows.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../../src/lib/spawn.ts'
import { cleanEnv } from '../programs.ts'

export interface Commit {
  readonly oid: string
  /** An annotated tag of it. */
  readonly tag: string
  /** What its releases show. */
  readonly content: number
  /** All commits that it contains, itself too. */
  readonly contains: ReadonlySet<string>
}

/** Commits by name: parents and content. */
const history = {
  a: { parents: [], content: 1 },
  b: { parents: ['a'], content: 2 },
  c: { parents: ['b'], content: 3 },
  again: { parents: ['c'], content: 1 },
  fork: { parents: ['b'], content: 4 },
  other: { parents: ['fork'], content: 2 },
  merge: { parents: ['again', 'other'], content: 3 },
} satisfies Record<string, { parents: string[]; content: number }>

export const contents = [1, 2, 3, 4]

/** `web` starts in a moment, and answers every request with the content of the release that it belongs to. */
function moduleOf(content: number): string {
  const answer = `sed '/^.$/q' > /dev/null; printf 'HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\ncontent ${content}'`
  const command = `[ "/usr/bin/s6-ipcserver" "$HOSTENV_UPSTREAM_DIR/in.sock" "/bin/sh" "-c" "${answer}" ]`
  const web = `[ { processes.web.command = ${command}; } ]`
  const quick = 'deploymentVerification.enable = false;'
  return `{ ... }: {
  environments = {
    main = { type = "testing"; ${quick} };
    staging = { type = "testing"; ${quick} modules = ${web}; };
    live = { type = "production"; ${quick} modules = ${web}; hostenv.gitRef = "stable"; releaseTags = "v*"; requires = "main"; };
  };
  previews."feature/*" = { extends = "main"; ttl = "2d"; };
  activate = ''echo content ${content} > "$HOSTENV_STATE_DIR/content"'';
}
`
}

/** Makes the history in a work tree below `directory`; answers it and the folder to fetch it from. */
export async function makeHistory(directory: string): Promise<{ commits: readonly Commit[]; source: string }> {
  const source = join(directory, 'history')
  mkdirSync(join(source, '.hostenv'), { recursive: true })
  const date = '2026-01-01T00:00:00Z'
  const env = { ...cleanEnv(directory), GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }
  const git = (...args: string[]) => mustRun({ argv: ['git', ...args], env, cwd: source })
  await git('init', '-q', '-b', 'main')
  const made = new Map<string, Commit>()
  for (const [name, { parents, content }] of Object.entries(history)) {
    writeFileSync(join(source, '.hostenv/hostenv.nix'), moduleOf(content))
    await git('add', '-A')
    const of = parents.map((parent) => made.get(parent)!)
    const args = of.flatMap(({ oid }) => ['-p', oid])
    const oid = await git('commit-tree', '-m', name, ...args, (await git('write-tree')).trim())
    await git('tag', '-a', '-m', name, `t-${name}`, oid.trim())
    const tag = (await git('rev-parse', `t-${name}`)).trim()
    const contains = new Set([oid.trim(), ...of.flatMap((parent) => [...parent.contains])])
    made.set(name, { oid: oid.trim(), tag, content, contains })
  }
  return { commits: [...made.values()], source }
}
