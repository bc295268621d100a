import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { clearIncoming, clearUp } from '../../../src/lib/clear-up.ts'
import { start } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

t.test('what a killed receiver leaves is removed once nobody works in the repository, the rest stays', async (t) => {
  const state = tempDir(t)
  const at = (name: string) => join(state, name)
  const write = (name: string) => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), '')
  }
  const repo = 'repos/acme/shop.git'
  const stale = [
    'HEAD.lock',
    'packed-refs.lock',
    'packed-refs.new',
    'refs/heads/main.lock',
    'refs/hostenv/live/feature/foo.lock',
  ]
  const gone = [...stale, 'objects/tmp_objdir-incoming-x1/pack/a', 'objects/incoming-y2/b'].map(
    (name) => `${repo}/${name}`,
  )
  const kept = ['HEAD', 'refs/heads/main', 'objects/pack/pack-1.pack'].map((name) => `${repo}/${name}`)
  for (const name of [...gone, ...kept, 'tmp/eval-1/flake.nix', 'incoming/repo-a/HEAD', 'incoming/repo-b/HEAD'])
    write(name)
  const lock = at(`${repo}/hostenv.lock`)
  const worker = start({ argv: ['flock', '--shared', '--no-fork', lock, 'sleep', '1'], env: { PATH: path } }, [
    'ignore',
  ])
  while (!existsSync(lock)) await new Promise((resolve) => setTimeout(resolve, 10))
  await clearUp(state, path)
  t.not(worker.exitCode, null, 'it waited for the one that still worked there')
  for (const name of [...gone, 'tmp/eval-1']) t.notOk(existsSync(at(name)), `${name} is gone`)
  for (const name of kept) t.ok(existsSync(at(name)), `${name} stays`)
  t.ok(existsSync(at('incoming/repo-a')), 'a new repository may be needed by what is not finished yet')
  await clearIncoming(state, path, [{ repository: at('incoming/repo-b') }])
  t.notOk(existsSync(at('incoming/repo-a')))
  t.ok(existsSync(at('incoming/repo-b')), 'one of a deploy that is still open stays')
})
