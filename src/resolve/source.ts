// The pushed tree as a store path, byte for byte, at most once per git tree.
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { git } from '../lib/git.ts'
import { objectsOf } from '../lib/git-objects.ts'
import { type PushedCommit, peel } from '../lib/git-reads.ts'
import type { TreeFile } from '../lib/git-tree.ts'
import { inScratch } from '../lib/scratch.ts'
import { mustRun, run } from '../lib/spawn.ts'
import { type Oid, Refused } from '../records.ts'
import type { Projects, StoredTree } from '../state/projects.ts'
import { importTree, type TreeContext } from './import-tree.ts'
import { linkedTree } from './linked-tree.ts'
import { rememberHash } from './tree-hashes.ts'

export type SourceContext = TreeContext & { readonly projects: Projects }

/** Follows annotated tags to a commit and its tree. Throws Refused for a tag of a blob or a tree. */
export async function pushedCommit(repository: string, path: string, oid: Oid): Promise<PushedCommit> {
  const found = await peel(repository, path, oid)
  if (found !== null) return found
  throw new Refused('not a commit: only commits and tags of commits can be deployed', {
    help: ['See what it is: git cat-file -t NAME^{}', 'Tag a commit instead: git tag -f -a NAME COMMIT'],
  })
}

/** How a project says what it is: a flake of its own, whose lock file is null where there is none, or a module alone. */
export type HostenvFolder = { readonly kind: 'flake'; readonly lock: string | null } | { readonly kind: 'module' }

/** Refuses a tree without a real `.hostenv` folder before anything is unpacked. Where `signal` aborts, git is ended. */
export async function readHostenvFolder(
  repository: string,
  path: string,
  tree: Oid,
  signal: AbortSignal,
): Promise<HostenvFolder> {
  const names = ['', '/flake.nix', '/flake.lock', '/hostenv.nix'].map((name) => `${tree}:.hostenv${name}`)
  const [folder, flake, lockFile, module] = await objectsOf(repository, path, names)
  if (folder?.type === 'blob') {
    const listed = await mustRun(git(repository, path, ['ls-tree', '-z', tree, '--', '.hostenv']), { signal })
    if (listed.startsWith('120000'))
      throw new Refused('.hostenv is a symbolic link', { help: ['Make .hostenv a folder of the repository itself.'] })
  }
  if (flake) {
    if (!lockFile) return { kind: 'flake', lock: null }
    const blob = git(repository, path, ['cat-file', 'blob', lockFile.oid])
    const lock = await run(blob, { maxBuffer: maxLockBytes, signal })
    if (lock.code === 0) return { kind: 'flake', lock: lock.stdout }
    throw new Refused(`.hostenv/flake.lock is no file of at most ${maxLockBytes / 1024} KiB`, {
      help: ['Make it again with: nix flake lock ./.hostenv'],
    })
  }
  if (!module)
    throw new Refused('no .hostenv/hostenv.nix in this commit', {
      help: [
        'Add it; the smallest one is:',
        '{ pkgs, ... }: {',
        '  environments.main = { enable = true; type = "production"; };',
        '}',
      ],
    })
  return { kind: 'module' }
}

const maxLockBytes = 1024 ** 2

/** Bytes of a tree, 1 KiB for each file beside its own, from which on it is quicker to link what is there than to write all of it. */
const worthLinking = 4 * 1024 ** 2

/**
 * Answers the store path (`/nix/store/…-source`) of a tree, adding it when the store does not have it.
 * @param files of the tree; what they are rejected with is thrown
 * @param signal where it aborts, what brings the tree is ended
 */
export async function treeToStore(
  ctx: SourceContext,
  repository: string,
  tree: Oid,
  files: Promise<readonly TreeFile[]>,
  signal?: AbortSignal,
): Promise<string> {
  files.catch(() => undefined)
  const known = ctx.projects.treePath(tree)
  if (known && existsSync(ctx.nix.realPath(known))) return known
  const base = ctx.projects.lastTree(relative(join(ctx.stateDir, 'repos'), repository).replace(/\.git$/, ''))
  const large = base !== null && base.bytes >= worthLinking ? base : null
  const link = (from: StoredTree) =>
    inScratch(ctx.stateDir, 'tree-', (folder) => linkedTree(ctx, repository, tree, from, folder, signal))
  // Only a tree that is not too large may become an index of git's.
  const linked = large !== null && (await files) ? await link(large) : null
  signal?.throwIfAborted()
  const storePath = linked ?? (await importIt(ctx, repository, files, signal))
  const bytes = (await files).reduce((sum, { size }) => sum + size + 1024, 0)
  ctx.projects.rememberTree(tree, storePath, bytes)
  return storePath
}

async function importIt(
  ctx: SourceContext,
  repository: string,
  files: Promise<readonly TreeFile[]>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { storePath, hash } = await importTree(ctx, repository, files, signal)
  rememberHash(storePath, hash)
  return storePath
}
