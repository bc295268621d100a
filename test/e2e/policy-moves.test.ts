// A new policy may rename, disable or say otherwise what is live already: what words and the clock do to it then.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { record, refOf, until } from '../helpers/agree.ts'
import { DAY, makeClock } from '../helpers/clock.ts'
import { quietModule } from '../helpers/module.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const clock = makeClock(t)
const receiver = await startReceiver(t, clock.options())
const file = '.hostenv/hostenv.nix'

interface View {
  readonly key: string
  readonly state: string
  readonly expiresAt: string | null
}

/** A project of its own, with this policy. */
async function start(name: string, module: string) {
  const project = await makeProject(t, 'hello-web', { [file]: module })
  const push = async (refs: string | string[], options: readonly string[] = []) => {
    const pushed = await project.push(receiver, refs, { name, options })
    if (pushed.code !== 0) throw new Error(pushed.stderr)
    return pushed
  }
  const envs = async () => JSON.parse((await receiver.ssh('envs', '--json', '-p', name)).stdout) as View[]
  await push('main')
  return {
    push,
    envs,
    view: async (key: string) => (await envs()).find((one) => one.key === key),
    head: async () => (await project.git('rev-parse', 'HEAD')).trim(),
    /** Pushes another policy. */
    policy: async (next: string) => {
      await project.commit('Another policy', { [file]: next })
      await push('main')
    },
    ssh: (...words: string[]) => receiver.ssh(...words, '-p', name),
    branch: (branch: string) => refOf(receiver, name, `refs/heads/${branch}`),
  }
}

t.test(
  'a branch that means another environment by now stays when the one before it is destroyed, and when it goes',
  async (t) => {
    const name = 'acme/renamed'
    const { push, policy, ssh, branch, view, head } = await start(
      name,
      quietModule({ main: '' }, 'previews."re*" = { extends = "main"; ttl = "10d"; };'),
    )
    await push(['HEAD:refs/heads/release', 'HEAD:refs/heads/result'])
    const release = await head()
    const prod = 'type = "production"; protected = true; hostenv.gitRef = "release";'
    await policy(quietModule({ prod, first: 'hostenv.gitRef = "main";', second: 'hostenv.gitRef = "result";' }))
    const canonical = await head()
    for (const key of ['main', 'release']) {
      const destroyed = await ssh('destroy', key, '--confirm', key)
      t.equal(destroyed.code, 0, destroyed.stderr)
      t.match(await view(key), { state: 'stopped' })
    }
    const branches = async () => [await branch('main'), await branch('release'), await branch('result')]
    t.same(await branches(), [canonical, release, release])
    clock.pass(11 * DAY)
    await until('the preview is paused', async () => (await view('result'))?.state === 'paused')
    clock.pass(4 * DAY)
    for (const key of ['main', 'release', 'result'])
      await until(
        `${key} is gone`,
        () => record(receiver, 'SELECT 1 FROM environment WHERE project = ? AND key = ?', name, key).length === 0,
      )
    t.same(await branches(), [canonical, release, release])
  },
)

t.test('a preview whose pattern has another name by now is renewed and woken by what the new one says', async (t) => {
  const patterns = (name: string, ttl: string) =>
    quietModule({ main: '' }, `previews."${name}" = { extends = "main"; ttl = "${ttl}"; };`)
  const { push, policy, ssh, view } = await start('acme/patterns', patterns('fix/*', '10d'))
  await push('HEAD:refs/heads/fix/one')
  await policy(patterns('fix/o*', '20d'))
  const days = async () => Math.round((Date.parse((await view('fix/one'))?.expiresAt ?? '') - clock.now()) / DAY)
  t.match((await ssh('renew', 'fix/one')).stdout, 'fix/one expires in 20 days')
  t.equal(await days(), 20)
  clock.pass(21 * DAY)
  await until('it is paused', async () => (await view('fix/one'))?.state === 'paused')
  const woken = await ssh('wake', 'fix/one')
  t.equal(woken.code, 0, woken.stderr)
  t.equal(await days(), 20)
  // Several looks for what has expired.
  await sleep(1000)
  t.match(await view('fix/one'), { state: 'live' })
})

t.test('what is live and disabled since is shown and can be stopped, by word and by its branch', async (t) => {
  const name = 'acme/disabled'
  const environments = { main: '', staging: '', other: 'hostenv.gitRef = "elsewhere";', never: 'enable = false;' }
  const { push, policy, ssh, envs, view, branch } = await start(name, quietModule(environments))
  await push(['HEAD:refs/heads/staging', 'HEAD:refs/heads/elsewhere'])
  const off = { staging: 'enable = false;', other: `enable = false; ${environments.other}` }
  await policy(quietModule({ ...environments, ...off }))
  t.same(
    (await envs()).map(({ key, state }) => `${key} ${state}`),
    ['main live', 'other live', 'staging live'],
  )
  t.match((await ssh('envs')).stdout, 'disabled, and live as before: ssh HOST pause staging --confirm staging')
  const paused = await ssh('pause', 'staging', '--confirm', 'staging')
  t.equal(paused.code, 0, paused.stderr)
  t.match(await view('staging'), { state: 'paused' })
  t.match((await ssh('envs')).stdout, 'disabled: it is not woken before the canonical branch enables it again')
  t.match(await ssh('wake', 'staging'), { code: 1, stderr: /staging is disabled/ })
  t.match((await push(':elsewhere')).stderr, 'Stopped other')
  t.equal(await branch('elsewhere'), null)
  t.equal(await view('other'), undefined)
  await policy(quietModule(environments))
  t.equal((await ssh('wake', 'staging')).code, 0)
})
