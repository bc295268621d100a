import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { narHash } from '../../../src/lib/nar.ts'
import { mustRun } from '../../../src/lib/spawn.ts'
import { path, root } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const nix = async (folder: string) => {
  const argv = ['nix', '--extra-experimental-features', 'nix-command', 'hash', 'path', '--sri', folder] as const
  return (await mustRun({ argv: [...argv], env: { PATH: path, HOME: '/nonexistent' } })).trim()
}

t.test('a tree has the hash that Nix gives it', async (t) => {
  const folder = join(tempDir(t, 'n'), 'tree')
  mkdirSync(join(folder, 'empty'), { recursive: true })
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  for (const size of [0, 1, 7, 8, 9, 100_000]) writeFileSync(join(folder, `size-${size}`), Buffer.alloc(size, 0x80))
  // In the order of bytes, not of any language or of UTF-16.
  for (const name of ['a.b', 'a-b', 'B', 'ä', '\uffff', '\u{1f600}', 'z']) writeFileSync(join(folder, name), name)
  writeFileSync(join(folder, 'run'), '#!/bin/sh\n')
  chmodSync(join(folder, 'run'), 0o755)
  writeFileSync(join(folder, 'group'), '')
  chmodSync(join(folder, 'group'), 0o610)
  symlinkSync('../nowhere', join(folder, 'a/link'))
  t.equal(narHash(folder), await nix(folder))
  for (const fixture of ['hello-web', 'flake-project'])
    t.equal(narHash(join(root, 'fixtures', fixture)), await nix(join(root, 'fixtures', fixture)), fixture)
})
