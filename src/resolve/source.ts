// The pushed tree as a store path, byte for byte, at most once per git tree.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { git } from '../lib/git.ts'
import { objectsOf } from '../lib/git-objects.ts'
import { type PushedCommit, peel } from '../lib/git-reads.ts'
import { narHash } from '../lib/nar.ts'
import type { Nix } from '../lib/nix.ts'
import { mustRun, run } from '../lib/spawn.ts'
import { sourceStorePath } from '../lib/store-path.ts'
import { type Oid, Refused } from '../records.ts'
import type { Projects } from '../state/projects.ts'
import { linkedTree } from './linked-tree.ts'
import { rememberHash } from './tree-hashes.ts'

export interface SourceContext {
  readonly nix: Nix
  readonly projects: Projects
  readonly path: string
  readonly stateDir: string
}

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

/** Refuses a tree without a real `.hostenv` folder before anything is unpacked. */
export async function readHostenvFolder(repository: string, path: string, tree: Oid): Promise<HostenvFolder> {
  const names = ['', '/flake.nix', '/flake.lock', '/hostenv.nix'].map((name) => `${tree}:.hostenv${name}`)
  const [folder, flake, lockFile, module] = await objectsOf(repository, path, names)
  if (folder?.type === 'blob') {
    const listed = await mustRun(git(repository, path, ['ls-tree', '-z', tree, '--', '.hostenv']))
    if (listed.startsWith('120000'))
      throw new Refused('.hostenv is a symbolic link', { help: ['Make .hostenv a folder of the repository itself.'] })
  }
  if (flake) {
    if (!lockFile) return { kind: 'flake', lock: null }
    const blob = git(repository, path, ['cat-file', 'blob', lockFile.oid])
    const lock = await run(blob, { maxBuffer: maxLockBytes })
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

/** Bytes of an archive (at least 1 KiB for each file) from which on it is quicker to link what is there than to write all of it. */
const worthLinking = 4 * 1024 ** 2

/** Answers the store path (`/nix/store/…-source`) of a tree, adding it when the store does not have it. */
export async function treeToStore(ctx: SourceContext, repository: string, tree: Oid): Promise<string> {
  const known = ctx.projects.treePath(tree)
  if (known && existsSync(ctx.nix.realPath(known))) return known
  const scratch = join(ctx.stateDir, 'tmp')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratch, 'tree-'))
  try {
    const base = ctx.projects.lastTree(relative(join(ctx.stateDir, 'repos'), repository).replace(/\.git$/, ''))
    if (base !== null && base.bytes >= worthLinking) {
      const linked = await linkedTree(ctx, repository, tree, base, folder)
      if (linked !== null) {
        ctx.projects.rememberTree(tree, linked, base.bytes)
        return linked
      }
    }
    const archive = join(folder, 'tree.tar')
    const source = join(folder, 'source')
    await mkdir(source)
    await mustRun(git(repository, ctx.path, ['archive', '--format=tar', `--output=${archive}`, tree]))
    const env = { PATH: ctx.path, LC_ALL: 'C' }
    await mustRun({ argv: ['tar', '--extract', '--no-same-owner', `--file=${archive}`, `--directory=${source}`], env })
    const adding = mustRun(ctx.nix.query(['store', 'add-path', '--name', 'source', source]))
    adding.catch(() => undefined)
    const { size } = await stat(archive)
    const hash = size < worthLinking ? narHash(source) : null
    const storePath = (await adding).trim()
    if (hash !== null && sourceStorePath(hash) === storePath) rememberHash(storePath, hash)
    ctx.projects.rememberTree(tree, storePath, size)
    return storePath
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
