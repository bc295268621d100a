// What the quickstart shows, step by step; each step checks that what is shown is what should happen.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../src/lib/spawn.ts'
import { get } from '../../test/helpers/http.ts'
import { root } from '../../test/helpers/programs.ts'
import { command, heading, QuickstartError, say, seconds, shown } from './show.ts'
import type { Running, Stage } from './stage.ts'

/** Runs the story to its end. Throws QuickstartError at the first step that does not do what is expected. */
export async function story(stage: Stage, running: Running): Promise<void> {
  const where = { cwd: stage.project, env: stage.env }
  const git = (...args: string[]) => mustRun({ argv: ['git', ...args], ...where })
  const commit = async (message: string) => {
    await git('commit', '-q', '-a', '-m', message)
    command(`git commit -a -m '${message}'`)
  }
  const page = (key: string, expected: RegExp) => fetchPage(stage, running, key, expected)

  heading('Push main')
  await pushes(stage, 'main')
  await page('main', /Hello from hostenv\nmain, /)

  heading('Push a second environment')
  await git('switch', '-q', '-c', 'staging')
  command('git switch -c staging')
  writeFileSync(join(stage.project, 'greeting.txt'), 'Hello from staging\n')
  command("echo 'Hello from staging' > greeting.txt")
  await commit('Try another greeting')
  await pushes(stage, 'staging')
  await page('staging', /Hello from staging\nstaging, /)
  await git('switch', '-q', 'main')

  heading('Push a commit that does not build')
  command('git switch main')
  command(`cp -r ${join(root, 'fixtures/broken-build')}/. .`)
  cpSync(join(root, 'fixtures/broken-build'), stage.project, { recursive: true })
  await commit('Render the greeting')
  const code = await shown(['git', 'push', 'hostenv', 'main'], where)
  if (code === 0) throw new QuickstartError('The commit that does not build was accepted.')
  say(`git exited ${code}: refused, and what was live still is:`)
  await page('main', /Hello from hostenv\nmain, /)
  await git('reset', '-q', '--hard', 'HEAD~1')
  command('git reset --hard HEAD~1')

  heading('Ask the receiver')
  await asks(stage, ['envs'])
  await asks(stage, ['releases', 'main'])
}

/** The addresses of the live environments by key, as `envs --json` tells them. */
export async function addresses(stage: Stage): Promise<Map<string, { url: string; hostname: string }>> {
  const text = await mustRun({ argv: [...ssh, 'envs', '--json'], cwd: stage.project, env: stage.env })
  const envs = JSON.parse(text) as { key: string; url: string | null; hostname: string; state: string }[]
  const live = envs.filter(({ state }) => state === 'live')
  return new Map(live.map(({ key, url, hostname }) => [key, { url: url ?? '', hostname }]))
}

const ssh = ['ssh', '-F', '../ssh_config', 'hostenv'] as const

async function pushes(stage: Stage, branch: string): Promise<void> {
  const begun = performance.now()
  const code = await shown(['git', 'push', 'hostenv', branch], { cwd: stage.project, env: stage.env })
  if (code !== 0) throw new QuickstartError(`git push hostenv ${branch} exited ${code}; it should have been accepted.`)
  say(`accepted in ${seconds(performance.now() - begun)}`)
}

async function asks(stage: Stage, words: readonly string[]): Promise<void> {
  const code = await shown([...ssh, ...words], { cwd: stage.project, env: stage.env })
  if (code !== 0) throw new QuickstartError(`ssh hostenv ${words.join(' ')} exited ${code}.`)
}

async function fetchPage(stage: Stage, running: Running, key: string, expected: RegExp): Promise<void> {
  const address = (await addresses(stage)).get(key)
  if (address === undefined) throw new QuickstartError(`envs does not list ${key} as live.`)
  command(`curl ${address.url}`)
  const { status, body } = await get(running.httpPort, address.hostname)
  say(body.trimEnd())
  if (status !== 200 || !expected.test(body))
    throw new QuickstartError(`${key} answered ${status}, and not with the page that was pushed.`)
}
