import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  currentGeneration,
  generationPath,
  profilePath,
  setProfile,
  switchGeneration,
} from '../../../src/activate/profile.ts'
import { defaultLimits } from '../../../src/config/limits.ts'
import { makeNix } from '../../../src/lib/nix.ts'
import { mustRun } from '../../../src/lib/spawn.ts'
import { path } from '../../helpers/programs.ts'
import { removeTree, tempDir } from '../../helpers/temp-dir.ts'

async function host(t: Test) {
  const stateDir = tempDir(t)
  t.teardown(() => removeTree(stateDir))
  const home = join(stateDir, 'home')
  mkdirSync(home)
  const root = process.getuid?.() === 0
  const nix = makeNix({
    ...{ privateStore: join(stateDir, 'nix'), version: { major: 2, minor: 8 }, path, home, root },
    ...{ sandbox: true, sandboxPaths: [] },
  })
  const add = async (text: string) => {
    writeFileSync(join(home, 'file'), text)
    return (await mustRun(nix.command(['store', 'add-path', '--name', 'release', join(home, 'file')]))).trim()
  }
  const local = { nix, sandbox: null, path, stateDir, limits: defaultLimits }
  return { local, profile: profilePath(local, 'shop-main-1'), one: await add('one'), two: await add('two') }
}

t.test('generations: one for each path, never two for one', async (t) => {
  const { local, profile, one, two } = await host(t)
  const set = async (out: string) => {
    const { generation, kept } = setProfile(local, profile, out)
    await kept
    return generation
  }
  t.equal(currentGeneration(profile), null)
  t.equal(generationPath(profile), null)
  t.equal(await set(one), 1)
  t.equal(generationPath(profile), one)
  t.equal(await set(one), 1, 'the same path again makes none')
  t.equal(await set(two), 2)
  t.equal(await set(one), 1, 'a path that has a generation is switched back to it')
  t.equal(generationPath(profile), one)
  await switchGeneration(profile, 2)
  t.equal(generationPath(profile), two)
  t.throws(() => switchGeneration(profile, 7), /generation 7 .* is gone/)
  t.equal(currentGeneration(profile), 2, 'and nothing changed')
  const roots = await mustRun(local.nix.command(['nix-store', '--gc', '--print-roots']))
  for (const n of [1, 2]) t.match(roots, `${profile}-${n}-link`, `generation ${n} is a root`)
  await mustRun(local.nix.command(['nix-store', '--gc']))
  for (const out of [one, two]) t.ok(existsSync(local.nix.realPath(out)), 'a collection leaves it')
  t.match(await mustRun(local.nix.command(['nix-env', '--profile', profile, '--list-generations'])), / 2 .*\(current\)/)
  await switchGeneration(profile, null)
  t.notOk(existsSync(profile), 'where there was none before, there is none again')
})
