// A repository and a private store, to bring trees from the one to the other.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { defaultLimits } from '../../src/config/limits.ts'
import { git } from '../../src/lib/git.ts'
import { makeNix } from '../../src/lib/nix.ts'
import { makeTemporary } from '../../src/lib/repositories.ts'
import { mustRun } from '../../src/lib/spawn.ts'
import type { Oid } from '../../src/records.ts'
import type { SourceContext } from '../../src/resolve/source.ts'
import { openDatabase } from '../../src/state/database.ts'
import { Projects } from '../../src/state/projects.ts'
import { path } from '../helpers/programs.ts'
import { tempDir } from '../helpers/temp-dir.ts'

export interface TreeEntry {
  readonly mode?: string
  readonly content: string | Buffer
}

export async function treeSetting(t: Pick<Test, 'teardown'>) {
  const directory = tempDir(t, 'lt')
  const nix = makeNix({
    ...{ privateStore: join(directory, 'nix'), version: { major: 2, minor: 8 }, path, home: join(directory, 'home') },
    ...{ root: process.getuid?.() === 0, sandbox: true, sandboxPaths: [] },
  })
  mkdirSync(join(directory, 'home'))
  const repository = await makeTemporary(directory, path, 'main')
  const db = openDatabase(join(directory, 'state'))
  t.teardown(() => db.close())
  const ctx: SourceContext = { nix, path, stateDir: directory, projects: new Projects(db), limits: defaultLimits }

  /** A tree of these files, made from nothing. */
  async function treeOf(files: Readonly<Record<string, TreeEntry>>): Promise<Oid> {
    const index = join(mkdtempSync(join(directory, 'index-')), 'index')
    const inIndex = (args: string[], input: string) => {
      const command = git(repository, path, args)
      return mustRun({ ...command, env: { ...command.env, GIT_INDEX_FILE: index }, input })
    }
    const blob = async (content: string | Buffer) => {
      async function* pieces() {
        yield Buffer.from(content)
      }
      return await mustRun({
        ...git(repository, path, ['hash-object', '-w', '--stdin', '--no-filters']),
        input: pieces(),
      })
    }
    for (const [name, { mode = '100644', content }] of Object.entries(files)) {
      const oid = mode === '160000' ? 'c'.repeat(40) : await blob(content)
      await inIndex(['update-index', '--add', '-z', '--index-info'], `${mode} ${oid}\t${name}\0`)
    }
    return await inIndex(['write-tree'], '')
  }

  /** Another store, and a receiver that knows of no tree. */
  function elsewhere(): SourceContext {
    const other = openDatabase(mkdtempSync(join(directory, 'state-')))
    t.teardown(() => other.close())
    const privateStore = mkdtempSync(join(directory, 'other-'))
    return { ...ctx, nix: makeNix({ ...nix, privateStore }), projects: new Projects(other) }
  }

  return { directory, nix, repository, ctx, treeOf, elsewhere }
}
