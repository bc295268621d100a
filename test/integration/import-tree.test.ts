// A tree that goes from git's objects into the store: the same path as when git writes it and Nix reads it.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Test, t } from 'tap'
import { defaultLimits } from '../../src/config/limits.ts'
import { git } from '../../src/lib/git.ts'
import { mustRun, run } from '../../src/lib/spawn.ts'
import { type Oid, Refused } from '../../src/records.ts'
import { importTree, treeFiles } from '../../src/resolve/import-tree.ts'
import { type SourceContext, treeToStore } from '../../src/resolve/source.ts'
import { path } from '../helpers/programs.ts'
import { zeros } from '../helpers/raw-push.ts'
import { type TreeEntry, treeSetting } from './tree-support.ts'

const { directory, nix, repository, ctx, treeOf, elsewhere } = await treeSetting(t)

const imported = (from: SourceContext, tree: Oid) => importTree(from, repository, treeFiles(from, repository, tree))

/** What Nix says of the tree as git writes it (git-archive(1)). */
async function written(tree: Oid): Promise<string> {
  const folder = mkdtempSync(join(directory, 'written-'))
  const source = join(folder, 'source')
  mkdirSync(source)
  await mustRun(git(repository, path, ['archive', '--format=tar', `--output=${folder}/tar`, tree]))
  await mustRun({ argv: ['tar', '--extract', `--file=${folder}/tar`, `--directory=${source}`], env: { PATH: path } })
  return (await mustRun(elsewhere().nix.query(['store', 'add-path', '--name', 'source', source]))).trim()
}

const sizes = [0, 1, 7, 8, 9, 65_535, 65_536, 3_000_000]
const odd: Record<string, TreeEntry> = {
  '.gitattributes': { content: '* text=auto eol=crlf ident filter=evil export-ignore\nstamped export-subst\n' },
  stamped: { content: '$Format:%H$ $Id$\r\n' },
  // In the order of bytes, name for name: not of any language, nor of UTF-16, nor of git, for which a folder ends in a slash.
  ...Object.fromEntries(
    ['a', 'a.b', 'a-b/c', 'a0', 'B', 'b/b/b', 'b/b.c', 'b.b', 'ä', '\uffff', '\u{1f600}', 'z'].map((name) => [
      `order/${name}`,
      { content: name },
    ]),
  ),
  ...Object.fromEntries(sizes.map((size) => [`size-${size}`, { content: Buffer.alloc(size, 0x80) }])),
  'bin/run': { mode: '100755', content: '#!/bin/sh\n' },
  'bin/link': { mode: '120000', content: '../nowhere at all' },
  submodule: { mode: '160000', content: '' },
  'with space\tand tab\nand line': { content: 'ok\n' },
  [`${'deep/'.repeat(700)}end`]: { content: 'far\n' },
}

t.test('the store path is that of the tree as git writes it, and Nix finds nothing wrong with it', async (t) => {
  for (const [name, files] of Object.entries({ odd, one: { a: { content: '' } }, none: {} })) {
    const tree = await treeOf(files)
    const { storePath } = await imported(ctx, tree)
    t.equal(storePath, await written(tree), name)
    await mustRun(nix.command(['nix-store', '--verify-path', storePath]))
  }
})

t.test('names that are not UTF-8 are kept as they are', async (t) => {
  const blob = await mustRun({ ...git(repository, path, ['hash-object', '-w', '--stdin']), input: 'x' })
  async function* entries() {
    yield Buffer.concat([Buffer.from(`100644 blob ${blob}\t`), Buffer.from([0xe4, 0xff]), Buffer.from('\0')])
  }
  const tree = await mustRun({ ...git(repository, path, ['mktree', '-z']), input: entries() })
  t.equal((await imported(ctx, tree)).storePath, await written(tree))
})

t.test('a store that a daemon keeps gets the same', async (t) => {
  const tree = await treeOf(odd)
  const other = elsewhere()
  // Only who may write the store may import: here nobody may.
  const kept = { ...other, nix: { ...other.nix, storeDir: '/nonexistent' } }
  t.equal((await imported(kept, tree)).storePath, await written(tree))
})

t.test('a small pack with a tree of any size is refused before it is read', async (t) => {
  let tree = await treeOf({ a: { content: 'x' } })
  for (let depth = 0; depth < 12; depth++) {
    const input = Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\t${n}\n`).join('')
    tree = await mustRun({ ...git(repository, path, ['mktree']), input })
  }
  await t.rejects(imported(ctx, tree), new Refused('this commit has more than 200000 files and folders'))
  // Also where the one before it was so large that this would be linked from it, by a git that reads all of it.
  const before = { tree, storePath: '/nix/store/none', bytes: 1e9 }
  const projects = { treePath: () => null, lastTree: () => before } as unknown as SourceContext['projects']
  await t.rejects(
    treeToStore({ ...ctx, projects }, repository, tree, treeFiles(ctx, repository, tree)),
    new Refused('this commit has more than 200000 files and folders'),
  )
  await noneLeft(t)
})

/** Ten to the `levels`th folders, and nothing in them. */
async function emptyFolders(levels: number): Promise<Oid> {
  let tree = await mustRun({ ...git(repository, path, ['mktree']), input: '' })
  for (let level = 0; level < levels; level++) {
    const input = Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\t${n}\n`).join('')
    tree = await mustRun({ ...git(repository, path, ['mktree']), input })
  }
  return tree
}

t.test('folders count, with or without a file in them, up to the limit', async (t) => {
  const limits = { ...defaultLimits, treeFiles: 110, treeBytes: 1024 ** 2 }
  t.same(await treeFiles({ ...ctx, limits }, repository, await emptyFolders(2)), [])
  const fewer = { ...limits, treeFiles: 109 }
  const refused = new Refused('this commit has more than 109 files and folders')
  await t.rejects(treeFiles({ ...ctx, limits: fewer }, repository, await emptyFolders(2)), refused)
  await t.rejects(
    imported(ctx, await emptyFolders(10)),
    new Refused('this commit has more than 200000 files and folders'),
  )
  const mixed = await treeOf({ 'a/b/c': { content: '' }, 'a/d': { content: '' } })
  t.same((await treeFiles({ ...ctx, limits: { ...limits, treeFiles: 4 } }, repository, mixed)).length, 2)
  await t.rejects(treeFiles({ ...ctx, limits: { ...limits, treeFiles: 3 } }, repository, mixed))
  await noneLeft(t)
})

t.test('whoever no longer wants the tree ends what lists it, and what brings it', async (t) => {
  const endless = { ...ctx, limits: { ...defaultLimits, treeFiles: 1e12, treeBytes: 1e12 } }
  const abort = new AbortController()
  const reason = new Error('enough')
  const files = treeFiles(endless, repository, await emptyFolders(10), abort.signal)
  const into = importTree(endless, repository, files, abort.signal)
  setTimeout(() => abort.abort(reason), 300)
  await t.rejects(files, reason)
  await t.rejects(into, reason)
  await noneLeft(t)
  await t.rejects(treeFiles(ctx, repository, await emptyFolders(1), abort.signal), reason, 'nor is it begun')
  const tree = await treeOf({ a: { content: Buffer.alloc(3_000_000) } })
  await t.rejects(importTree(ctx, repository, treeFiles(ctx, repository, tree), abort.signal))
  const linked = { treePath: () => null, lastTree: () => ({ tree, storePath: '/nix/store/none', bytes: 1e9 }) }
  const projects = linked as unknown as SourceContext['projects']
  const known = treeFiles(ctx, repository, tree)
  await t.rejects(treeToStore({ ...ctx, projects }, repository, tree, known, abort.signal), reason)
  await noneLeft(t)
})

t.test('so is one whose files are too large, and a link that no disk can hold', async (t) => {
  const limits = { ...defaultLimits, treeFiles: 3, treeBytes: 1024 ** 2 }
  const small = { ...ctx, limits }
  const x = { content: 'x' }
  const whole = await imported(small, await treeOf({ a: x, b: x, c: { content: Buffer.alloc(1024 ** 2 - 2) } }))
  t.match(whole.storePath, /-source$/, 'up to the limit it is taken')
  const more = await treeOf({ a: x, b: x, c: { content: Buffer.alloc(1024 ** 2 - 1) } })
  await t.rejects(imported(small, more), new Refused('this commit has more than 1MiB of files'))
  const many = await treeOf({ a: x, b: x, c: x, d: x })
  await t.rejects(imported(small, many), new Refused('this commit has more than 3 files and folders'))
  for (const content of ['', 'x'.repeat(4096)]) {
    const link = await treeOf({ 'folder/link': { mode: '120000', content } })
    const reason = `folder/link is a symbolic link that leads nowhere: its target has ${content.length} bytes`
    await t.rejects(imported(ctx, link), new Refused(reason))
  }
  await imported(ctx, await treeOf({ link: { mode: '120000', content: 'x'.repeat(4095) } }))
  const zero = await treeOf({ link: { mode: '120000', content: 'a\0b' } })
  await t.rejects(imported(ctx, zero), new Refused('link is a symbolic link whose target has a zero in it'))
})

t.test('long paths of many files are refused before the list of them is large', async (t) => {
  const blob = await mustRun({ ...git(repository, path, ['hash-object', '-w', '--stdin']), input: 'x' })
  const made = (input: string) => mustRun({ ...git(repository, path, ['mktree']), input })
  let tree = await made(Array.from({ length: 25_000 }, (_, n) => `100644 blob ${blob}\t${n}\n`).join(''))
  for (let depth = 0; depth < 15; depth++) tree = await made(`040000 tree ${tree}\t${'d'.repeat(190)}\n`)
  await t.rejects(imported(ctx, tree), {
    message: 'this commit has more than 64MiB of names of files',
    help: ['Make them shorter, or fewer.'],
  })
  await noneLeft(t)
})

t.test('a path that no disk takes is refused, up to that it is taken', async (t) => {
  const room = 4095 - `${nix.storeDir}/${'0'.repeat(32)}-source/`.length
  const x = { content: '' }
  const longest = `${'d/'.repeat(room / 2 - 2)}`.padEnd(room, 'e')
  await imported(ctx, await treeOf({ [longest]: x, ['n'.repeat(255)]: x }))
  for (const name of [`${longest}e`, 'n'.repeat(256), `a/${'n'.repeat(256)}/b`, `${'deep/'.repeat(4000)}end`])
    await t.rejects(imported(ctx, await treeOf({ [name]: x })), /^a path in this commit is too long: /)
  await noneLeft(t)
})

t.test('a file that is made of a few bytes needs the memory of a large one', async (t) => {
  const { pack, oid } = zeros(8 * 1024 ** 2, 16)
  async function* whole() {
    yield pack
  }
  await mustRun({ ...git(repository, path, ['index-pack', '--stdin']), input: whole() })
  const tree = await mustRun({ ...git(repository, path, ['mktree']), input: `100644 blob ${oid}\tlarge\n` })
  const less = { ...ctx, limits: { ...defaultLimits, gitMemory: 128 * 1024 ** 2 } }
  await t.rejects(imported(less, tree), {
    message: 'git needs more than 128 MiB of memory for a file of this push',
    help: ['Keep large files out of git.', 'Its operator can raise limits.gitMemory.'],
  })
  t.match(
    (await imported({ ...ctx, limits: { ...defaultLimits, gitMemory: 192 * 1024 ** 2 } }, tree)).storePath,
    /-source$/,
  )
  await noneLeft(t)
})

t.test('what git does not have is an error, and nothing is left running', async (t) => {
  const tree = await treeOf({ a: { content: 'gone' } })
  const [file] = await treeFiles(ctx, repository, tree)
  if (!file) throw new Error('no file')
  const gone = [{ ...file, oid: 'd'.repeat(40) }]
  await t.rejects(importTree(ctx, repository, Promise.resolve(gone)), /git does not have d{40}/)
  await noneLeft(t)
})

async function noneLeft(t: Test): Promise<void> {
  const { stdout } = await run({ argv: ['pgrep', '--parent', String(process.pid)], env: { PATH: path } })
  t.equal(stdout, '', 'no process')
}
