// A root of a store that is the receiver's own: a link that Nix itself would have made, kept out of the way of a collection.
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { addRoot } from '../../../src/activate/roots.ts'
import { addRootArgs, makeNix } from '../../../src/lib/nix.ts'
import { mustRun, start } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { removeTree, tempDir } from '../../helpers/temp-dir.ts'

async function store(t: Test) {
  const directory = tempDir(t)
  t.teardown(() => removeTree(directory))
  const nix = makeNix({
    ...{ privateStore: join(directory, 'nix'), version: { major: 2, minor: 8 }, path, home: directory },
    ...{ root: process.getuid?.() === 0, sandbox: false, sandboxPaths: [] },
  })
  const add = async (text: string) => {
    writeFileSync(join(directory, 'file'), text)
    return (await mustRun(nix.query(['store', 'add-path', '--name', 'release', join(directory, 'file')]))).trim()
  }
  const auto = join(nix.storeDir, '../var/nix/gcroots/auto')
  return { directory, nix, add, auto, roots: () => readdirSync(auto).map((name) => readlinkSync(join(auto, name))) }
}

t.test('is the very one that Nix makes', async (t) => {
  const { directory, nix, add, auto, roots } = await store(t)
  const link = join(directory, 'kept')
  await mustRun(nix.query(addRootArgs(nix, link, await add('by Nix'))))
  const before = readdirSync(auto)
  const out = await add('another')
  await addRoot(nix, link, out)
  t.same(readdirSync(auto), before)
  t.same(roots(), [link])
  t.equal(readlinkSync(link), out, 'and its link points to what is new')
})

t.test('of what is not there is an error', async (t) => {
  const { directory, nix, add } = await store(t)
  const out = await add('soon gone')
  await mustRun(nix.query(['nix-store', '--gc']))
  t.notOk(existsSync(nix.realPath(out)))
  await t.rejects(addRoot(nix, join(directory, 'kept'), out), /error: /)
})

t.test('is made by Nix while a collection goes on', async (t) => {
  const { directory, nix, add, roots } = await store(t)
  const out = await add('kept')
  const flock = ['flock', '--exclusive', join(nix.storeDir, '../var/nix/gc.lock')] as const
  const argv = [...flock, 'sh', '-c', 'echo held; cat'] as const
  const collector = start({ argv, env: { PATH: path } }, ['pipe', 'pipe', 'ignore'])
  t.teardown(() => collector.kill('SIGKILL'))
  await new Promise((resolve) => collector.stdout?.once('data', resolve))
  await addRoot(nix, join(directory, 'root'), out)
  t.same(roots(), [join(directory, 'root')])
})
