// The pushed tree as a store path, byte for byte, at most once per git tree.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from '../lib/git.ts'
import type { Nix } from '../lib/nix.ts'
import { mustRun, run } from '../lib/spawn.ts'
import { type Oid, Refused } from '../records.ts'
import type { Projects } from '../state/projects.ts'

export interface SourceContext {
  readonly nix: Nix
  readonly projects: Projects
  readonly path: string
  readonly stateDir: string
}

export interface PushedCommit {
  readonly commit: Oid
  readonly tree: Oid
}

/** Follows annotated tags to a commit and its tree. Throws Refused for a tag of a blob or a tree. */
export async function peel(repository: string, path: string, oid: Oid): Promise<PushedCommit> {
  const args = ['rev-parse', '--revs-only', '--end-of-options', `${oid}^{commit}`, `${oid}^{tree}`]
  const ran = await run(git(repository, path, args))
  if (ran.code === null) throw new Error(`git rev-parse was ended by ${ran.signal}`)
  const [commit = '', tree = ''] = ran.stdout.match(/^[0-9a-f]{40}$/gm) ?? []
  if (commit === '' || tree === '')
    throw new Refused('not a commit: only commits and tags of commits can be deployed', {
      help: ['See what it is: git cat-file -t NAME^{}', 'Tag a commit instead: git tag -f -a NAME COMMIT'],
    })
  return { commit, tree }
}

/** How a project says what it is: a flake of its own, whose lock file is null where there is none, or a module alone. */
export type HostenvFolder = { readonly kind: 'flake'; readonly lock: string | null } | { readonly kind: 'module' }

/** Refuses a tree without a real `.hostenv` folder before anything is unpacked. */
export async function readHostenvFolder(repository: string, path: string, tree: Oid): Promise<HostenvFolder> {
  const top = await mustRun(git(repository, path, ['ls-tree', '-z', tree, '--', '.hostenv']))
  if (top.startsWith('120000'))
    throw new Refused('.hostenv is a symbolic link', { help: ['Make .hostenv a folder of the repository itself.'] })
  const inside = await mustRun(git(repository, path, ['ls-tree', '-z', '--name-only', tree, '--', '.hostenv/']))
  const files = new Set(inside.split('\0'))
  if (files.has('.hostenv/flake.nix')) {
    if (!files.has('.hostenv/flake.lock')) return { kind: 'flake', lock: null }
    const blob = git(repository, path, ['cat-file', 'blob', `${tree}:.hostenv/flake.lock`])
    const lock = await run(blob, { maxBuffer: maxLockBytes })
    if (lock.code === 0) return { kind: 'flake', lock: lock.stdout }
    throw new Refused(`.hostenv/flake.lock is no file of at most ${maxLockBytes / 1024} KiB`, {
      help: ['Make it again with: nix flake lock ./.hostenv'],
    })
  }
  if (!files.has('.hostenv/hostenv.nix'))
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

/** Answers the store path (`/nix/store/…-source`) of a tree, adding it when the store does not have it. */
export async function treeToStore(ctx: SourceContext, repository: string, tree: Oid): Promise<string> {
  const known = ctx.projects.treePath(tree)
  if (known && existsSync(ctx.nix.realPath(known))) return known
  const scratch = join(ctx.stateDir, 'tmp')
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(scratch, 'tree-'))
  try {
    const archive = join(folder, 'tree.tar')
    const source = join(folder, 'source')
    await mkdir(source)
    await mustRun(git(repository, ctx.path, ['archive', '--format=tar', `--output=${archive}`, tree]))
    const env = { PATH: ctx.path, LC_ALL: 'C' }
    await mustRun({ argv: ['tar', '--extract', '--no-same-owner', `--file=${archive}`, `--directory=${source}`], env })
    const storePath = (await mustRun(ctx.nix.command(['store', 'add-path', '--name', 'source', source]))).trim()
    ctx.projects.rememberTree(tree, storePath)
    return storePath
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
