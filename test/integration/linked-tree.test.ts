// A large tree that is linked from the one before: the same store path as when all of it is written, nothing shared that is written
// to, and nothing taken over that is not the tree.
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { t } from 'tap'
import { mustRun, start } from '../../src/lib/spawn.ts'
import type { Oid } from '../../src/records.ts'
import { treeFiles } from '../../src/resolve/import-tree.ts'
import { linkedTree } from '../../src/resolve/linked-tree.ts'
import { treeToStore } from '../../src/resolve/source.ts'
import type { StoredTree } from '../../src/state/projects.ts'
import { path } from '../helpers/programs.ts'
import { treeSetting } from './tree-support.ts'

const { directory, nix, repository, ctx, treeOf, elsewhere } = await treeSetting(t)

const first = {
  '.gitattributes': {
    content: '* text=auto eol=crlf ident filter=evil\nstamped export-subst\nleft-out export-ignore\n',
  },
  stamped: { content: '$Format:%H$ $Id$\n' },
  'left-out': { content: 'here all the same\n' },
  'same/a': { content: 'a\r\nb\n' },
  'same/script': { mode: '100755', content: '#!/bin/sh\n' },
  'same/link': { mode: '120000', content: '../stamped' },
  'folder/inside': { content: 'goes\n' },
  'a-file': { content: 'becomes a folder\n' },
  'a-link': { mode: '120000', content: '/etc' },
  changed: { content: 'one\n' },
  'made-executable': { content: 'x\n' },
  submodule: { mode: '160000', content: '' },
  'with space\tand tab': { content: 'ok\n' },
}
const { 'folder/inside': _gone, 'a-file': _file, 'a-link': _link, ...rest } = first
const second = {
  ...rest,
  'a-file/inside': { content: 'now a folder\n' },
  'a-link/inside': { content: 'no link any more\n' },
  folder: { mode: '120000', content: 'same' },
  changed: { content: 'two\n' },
  'made-executable': { mode: '100755', content: 'x\n' },
  'new/deep/file': { content: 'new\n' },
}

let count = 0
/** A base in the store, one of its own each time. */
async function base(): Promise<StoredTree> {
  const tree = await treeOf({ ...first, 'which-base': { content: `${++count}` } })
  return { tree, storePath: await treeToStore(ctx, repository, tree, treeFiles(ctx, repository, tree)), bytes: 0 }
}
const link = (tree: Oid, from: StoredTree) =>
  linkedTree(ctx, repository, tree, from, mkdtempSync(join(directory, 'scratch-')))
const inStore = () =>
  readdirSync(nix.storeDir)
    .filter((name) => !name.startsWith('.'))
    .sort()
/** Where Nix itself puts a tree that is written as a whole. */
async function written(tree: Oid): Promise<string> {
  const other = elsewhere()
  return await treeToStore(other, repository, tree, treeFiles(other, repository, tree))
}

t.test('the store path is the one that Nix gives the whole tree, and Nix finds nothing wrong with it', async (t) => {
  const from = await base()
  const tree = await treeOf(second)
  const made = await link(tree, from)
  t.equal(made, await written(tree))
  await mustRun(nix.command(['nix-store', '--verify-path', made ?? '', from.storePath]))
  const [old, now] = [from.storePath, made ?? ''].map((one) => nix.realPath(one)) as [string, string]
  t.equal(lstatSync(join(now, 'same/a')).ino, lstatSync(join(old, 'same/a')).ino, 'what is the same is one file')
  t.not(lstatSync(join(now, 'changed')).ino, lstatSync(join(old, 'changed')).ino)
  t.equal(readFileSync(join(old, 'changed'), 'utf8'), 'one\n', 'the tree before is as it was')
  t.equal(lstatSync(join(now, 'changed')).mtimeMs, 1000, 'times and modes are those of a store')
  t.equal(lstatSync(join(now, 'same')).mode & 0o777, 0o555)
})

t.test('what was changed in the store, or lies there beside the tree, is not taken over', async (t) => {
  const harms: Record<string, (folder: string) => void> = {
    'another content of the same length': (folder) => replace(join(folder, 'same/a'), 'x\r\ny\n'),
    'one file more': (folder) => open(folder, () => writeFileSync(join(folder, 'more'), '')),
    'a folder more': (folder) => open(folder, () => mkdirSync(join(folder, 'empty'))),
    'a file less': (folder) => open(folder, () => unlinkSync(join(folder, 'stamped'))),
  }
  for (const [name, harm] of Object.entries(harms)) {
    const from = await base()
    harm(nix.realPath(from.storePath))
    const before = inStore()
    t.equal(await link(await treeOf({ ...second, name: { content: name } }), from), null, name)
    t.strictSame(inStore(), before, 'nothing is left in the store')
  }
})

t.test('nothing is done while Nix collects, nor where the base is gone', async (t) => {
  const from = await base()
  const tree = await treeOf({ ...second, collected: { content: 'now\n' } })
  const lock = join(nix.storeDir, '../var/nix/gc.lock')
  const collector = start({ argv: ['flock', lock, 'sh', '-c', 'echo held; exec sleep 600'], env: { PATH: path } }, [
    ...(['ignore', 'pipe', 'ignore'] as const),
  ])
  await new Promise((resolve) => collector.stdout?.once('data', resolve))
  t.equal(await link(tree, from), null)
  const ended = new Promise((resolve) => collector.once('exit', resolve))
  collector.stdout?.destroy()
  await mustRun({ argv: ['pkill', '-KILL', '-P', `${collector.pid}`], env: { PATH: path } })
  await ended
  t.equal(await link(tree, { ...from, storePath: `/nix/store/${'0'.repeat(32)}-source` }), null)
  t.equal(await link(tree, from), await written(tree), 'and then it is')
})

function open(folder: string, change: () => void) {
  chmodSync(folder, 0o755)
  change()
  chmodSync(folder, 0o555)
}

function replace(file: string, content: string) {
  open(dirname(file), () => {
    linkSync(file, `${file}.old`)
    unlinkSync(file)
    writeFileSync(file, content)
    unlinkSync(`${file}.old`)
  })
}
