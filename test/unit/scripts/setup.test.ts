import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../../../src/lib/spawn.ts'
import { path, root } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

t.test('a node_modules that is a link is refused in one sentence, and what it leads to stays', async (t) => {
  const clone = tempDir(t)
  const shared = tempDir(t)
  mkdirSync(join(clone, 'scripts'))
  for (const name of ['scripts/setup.sh', 'package-lock.json', 'package.json', '.taprc'])
    copyFileSync(join(root, name), join(clone, name))
  writeFileSync(join(shared, 'kept'), '')
  symlinkSync(shared, join(clone, 'node_modules'))
  const ran = await run({ argv: ['sh', 'scripts/setup.sh'], env: { PATH: path, HOME: clone }, cwd: clone })
  t.match(ran, {
    code: 1,
    stdout: '',
    stderr: /^setup: node_modules is a symbolic link, [^\n]+: remove the link, [^\n]+$/,
  })
  t.ok(existsSync(join(shared, 'kept')))
})
