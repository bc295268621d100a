import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { clearStore, leftInStore } from '../../../src/lib/clear-store.ts'
import { run, start } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

const hash = 'a'.repeat(32)

t.test('what a killed Nix leaves in a private store goes, what one that works holds stays', async (t) => {
  const home = tempDir(t)
  const privateStore = join(home, 'nix')
  const storeDir = join(privateStore, 'nix/store')
  const nix = { privateStore, storeDir, home, path }
  const at = (name: string) => join(storeDir, name)
  const root = `${hash}-page.drv.chroot`
  mkdirSync(join(at(root), 'nix/store/half'), { recursive: true })
  writeFileSync(join(at(root), 'nix/store/half/file'), 'half of a build')
  chmodSync(join(at(root), 'nix/store/half'), 0o555)
  const kept = [`${hash}-page`, `${hash}-page.drv`, 'chroot.lock', `${hash}-held.lock`]
  for (const name of [...kept, `${hash}-page.lock`]) writeFileSync(at(name), '')
  const worker = start({ argv: ['flock', '--no-fork', at(`${hash}-held.lock`), 'sleep', '60'], env: { PATH: path } }, [
    'ignore',
  ])
  t.teardown(() => worker.kill('SIGKILL'))
  const probe = ['flock', '--nonblock', at(`${hash}-held.lock`), 'true'] as const
  while ((await run({ argv: [...probe], env: { PATH: path } })).code === 0) await sleep(10)

  t.same(leftInStore(nix), { roots: [root], locks: [`${hash}-held.lock`, `${hash}-page.lock`] })
  await clearStore(nix)
  t.same(readdirSync(storeDir).toSorted(), kept.toSorted())
  t.same(readdirSync(home), ['nix'], 'nothing is left of it elsewhere')
  t.ok(existsSync(at(`${hash}-held.lock`)))
})

t.test("the machine's store is nobody's to clear", async (t) => {
  const nix = { privateStore: null, storeDir: '/nix/store', home: tempDir(t), path }
  t.same(leftInStore(nix), { roots: [], locks: [] })
  await clearStore(nix)
})
