// Old releases go, by count and by age; what one may go back to never does, whoever collects the store.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { examine } from '../../src/operate/doctor/doctor.ts'
import { collectGarbage } from '../../src/operate/gc.ts'
import { agree, leftByCrash, record, until, userName } from '../helpers/agree.ts'
import { DAY, makeClock } from '../helpers/clock.ts'
import { cleanEnv, path } from '../helpers/programs.ts'
import { makeQuickProject } from '../helpers/quick-project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

t.test('which releases are kept', async (t) => {
  const clock = makeClock(t, { keptReleases: 3, keptReleaseTime: 30 * DAY })
  const receiver = await startReceiver(t, clock.options())
  const name = 'acme/shop'
  const project = await makeQuickProject(t)
  const push = async (text: string, refs = 'main') => {
    const commit = await project.commit(text, { 'greeting.txt': `${text}\n` })
    const pushed = await project.push(receiver, refs, { name })
    t.equal(pushed.code, 0, pushed.stderr)
    return commit
  }
  const releases = async (key = 'main') => JSON.parse((await receiver.ssh('releases', key, '--json')).stdout)
  const outcomes = async (key = 'main') =>
    (await releases(key)).map((one: { n: number; outcome: string }) => `${one.n} ${one.outcome}`)
  const refs = async (key = 'main') => {
    const cwd = join(receiver.stateDir, 'repos', `${name}.git`)
    const argv = ['git', 'for-each-ref', '--format=%(refname:lstrip=-1)', `refs/hostenv/releases/${key}/`] as const
    return (await mustRun({ argv: [...argv], env: cleanEnv(receiver.home), cwd })).trim().split('\n').sort()
  }
  const settled = (key: string, wanted: readonly string[]) =>
    until(
      `${wanted.join()} of ${key} are what is left`,
      async () => (await refs(key)).join() === [...wanted].sort().join(),
    )
  const inStore = (storePath: string) => existsSync(join(receiver.stateDir, 'nix', storePath))
  const env = { home: receiver.home, path, stateHome: undefined, runtimeDir: undefined, user: undefined }
  const gc = async (dryRun: boolean) => {
    const lines: string[] = []
    await collectGarbage(receiver, env, { dryRun, logDays: 30, wait: 30, say: (line) => void lines.push(line) })
    return lines.join('\n')
  }

  // What the doctor says of refs, generations and the store.
  const differing = async () => {
    const { findings } = await examine(receiver, env)
    return findings.map(({ what }) => what).filter((what) => /refs\/|generation|store/.test(what))
  }
  const commits: string[] = []
  await t.test('by count: the newest stay, the rows of all', async (t) => {
    for (const text of ['one', 'two', 'three', 'four', 'five']) commits.push(await push(text))
    await settled('main', ['3', '4', '5'])
    t.same(await outcomes(), ['5 live', '4 superseded', '3 superseded', '2 collected', '1 collected'])
    const profile = join(receiver.stateDir, 'env', userName(receiver, name, 'main') ?? '', 'profile')
    await until('their generations go', () => readdirSync(profile).filter((file) => /-link$/.test(file)).length === 3)
    t.same(await differing(), [])
  })

  await t.test('one cannot go back to what was collected, and is told what to do', async (t) => {
    const ran = await receiver.ssh('rollback', 'main', '1')
    t.equal(ran.code, 1)
    t.match(ran.stderr, /release 1 of main was collected; log d/)
    t.match(ran.stderr, /To build it again, push its commit/)
    t.same(
      await agree(receiver, name, 'main', { live: commits[4] ?? '' }).then((wrong) =>
        wrong.filter((one) => !/release [12]'s ref|ref of a release/.test(one)),
      ),
      [],
    )
  })

  await t.test('gc says what it frees first; a real collection leaves every release that is kept', async (t) => {
    const all = await releases()
    t.ok(
      all.every(({ storePath }: { storePath: string }) => inStore(storePath)),
      'before, all is there',
    )
    t.match(await gc(true), /Would free about/)
    t.ok(inStore(all[4].storePath), 'and nothing was removed')
    t.match(await gc(false), /Releases {4}3 generations to go back to: kept/)
    for (const { storePath, outcome } of all) t.equal(inStore(storePath), outcome !== 'collected', outcome)
    const argv = ['nix-store', '--store', join(receiver.stateDir, 'nix'), '--gc'] as const
    await mustRun({ argv: [...argv], env: { ...cleanEnv(receiver.home), NIX_CONF_DIR: '/etc/nix' } })
    for (const { storePath, outcome } of all) t.equal(inStore(storePath), outcome !== 'collected', outcome)
    const ran = await receiver.ssh('rollback', 'main', '3')
    t.equal(ran.code, 0, ran.stderr)
    await settled('main', ['4', '5', '6'])
    t.match((await receiver.ssh('rollback', 'main')).stderr, /back to release 5/)
    await settled('main', ['5', '6', '7'])
  })

  await t.test('by age: what was replaced long ago goes, but not what one goes back to', async (t) => {
    await push('six', 'main:staging')
    await push('seven', 'main:staging')
    await push('eight', 'main:staging')
    t.same((await outcomes('staging')).length, 3)
    clock.pass(31 * DAY)
    await receiver.restart(clock.options())
    await settled('staging', ['2', '3'])
    t.same(await outcomes('staging'), ['3 live', '2 superseded', '1 collected'])
    const ran = await receiver.ssh('rollback', 'staging')
    t.equal(ran.code, 0, ran.stderr)
  })

  await t.test('what a deploy needs that was not built stays as long as it needs it', async (t) => {
    const before = record(receiver, "SELECT count(*) AS n FROM release WHERE key = 'dev'")[0]?.n
    const pushed = await project.push(receiver, 'HEAD:dev', { name })
    t.equal(pushed.code, 0, pushed.stderr)
    t.match(pushed.stderr, /Already built for release \d of staging/)
    t.equal(before, 0)
  })
  t.same(await differing(), [])
  t.same(leftByCrash(receiver), [])
})

t.test('git is killed while old releases go: they go all the same', async (t) => {
  const clock = makeClock(t, { keptReleases: 2 })
  // A git that is killed, once, where the refs of releases are listed.
  const bin = tempDir(t)
  const [flag, git] = [join(bin, 'once'), join(bin, 'git')]
  const real = path
    .split(':')
    .map((folder) => join(folder, 'git'))
    .find((file) => existsSync(file))
  const script = `case "$*" in *for-each-ref*refs/hostenv/releases/*) rm '${flag}' 2>/dev/null && kill -9 $$ ;; esac`
  writeFileSync(git, `#!/bin/sh\n${script}\nexec ${real} "$@"\n`, { mode: 0o755 })
  const options = clock.options()
  const receiver = await startReceiver(t, { ...options, env: { ...options.env, PATH: `${bin}:${path}` } })
  const project = await makeQuickProject(t)
  for (const text of ['one', 'two', 'three']) {
    await project.commit(text, { 'greeting.txt': `${text}\n` })
    if (text === 'three') writeFileSync(flag, '')
    t.equal((await project.push(receiver, 'main', { name: 'acme/shop' })).code, 0)
  }
  const profile = join(receiver.stateDir, 'env', userName(receiver, 'acme/shop', 'main') ?? '', 'profile')
  const repository = join(receiver.stateDir, 'repos/acme/shop.git')
  const argv = ['git', 'for-each-ref', '--format=%(refname:lstrip=-1)', 'refs/hostenv/releases/'] as const
  const refs = async () => (await mustRun({ argv: [...argv], env: cleanEnv(receiver.home), cwd: repository })).trim()
  await until('its ref and its generation are gone', async () => {
    const generations = readdirSync(profile).filter((file) => /-link$/.test(file))
    return (await refs()) === '2\n3' && generations.length === 2
  })
  t.notOk(existsSync(flag), 'git was killed')
})
