// Commits that cannot become live: each is refused with its own reason, and what was live is as if nothing had been pushed.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { get } from '../helpers/http.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname, listing, profileTarget, remoteRefs, type Standing, standing } from '../helpers/standing.ts'

// Says which process answers, and by which definition it was started.
const traced = (source: string) =>
  source.replace("{ 'content-type'", "{ 'x-process': [process.pid, process.argv[1]].join(' '), 'content-type'")

const receiver = await startReceiver(t)
const project = await makeProject(t)
project.write({ 'server.js': traced(readFileSync(join(project.directory, 'server.js'), 'utf8')) })
const good = await project.commit('The good one')

async function process(): Promise<[pid: string, definition: string]> {
  const { headers } = await get(receiver.httpPort, hostname('main'))
  return `${headers['x-process']}`.split(' ') as [string, string]
}

function reasonOf({ stderr }: Pushed): string {
  return / ! \[remote rejected\] main -> main \((.*)\)/.exec(stderr)?.[1] ?? 'no reason'
}

interface Refusal {
  /** Folder of fixtures/ that is copied over the good one. */
  readonly overlay: string
  readonly reason: RegExp
  /** What the sideband tells beside the reason. */
  readonly words: RegExp
  /** Whether the running process is not even touched. */
  readonly untouched: boolean
}

const refusals: Record<string, Refusal> = {
  'whose evaluation fails': {
    overlay: 'broken-eval',
    reason: /^evaluation failed at \.hostenv\/hostenv\.nix:\d+(:\d+)?: .*nodjes.*; log d\d+$/,
    words: /Evaluation failed[\s\S]*nodjes[\s\S]*git push -o trace/,
    untouched: true,
  },
  'whose build fails': {
    overlay: 'broken-build',
    reason: /^build failed: page exit 3; log d\d+$/,
    words:
      /Build failed: page, exit 3\n.*> rendering the greeting\n.*there is no word for it\n[\s\S]*Whole log: ssh -p \d+ hostenv@127\.0\.0\.1 logs d\d+/,
    untouched: true,
  },
  'whose activate exits 1': {
    overlay: 'broken-activate',
    reason: /^activate .*exit(ed)? 1; log d\d+$/,
    words:
      /migrating the greetings\n[\s\S]*no such table: greetings[\s\S]*Release 1 is live again; what activate did to data is not undone/,
    untouched: true,
  },
  'whose service dies at 0 s': {
    overlay: 'overlays/dies-at-once',
    reason: /^web died: exit 1; log d\d+$/,
    words: /cannot find the words[\s\S]*Release 1 is live again/,
    untouched: false,
  },
  'whose service dies at 1 s': {
    overlay: 'overlays/dies-after-a-second',
    reason: /^web died: exit 1; log d\d+$/,
    words: /GET \/ → 200[\s\S]*lost the thread[\s\S]*Release 1 is live again/,
    untouched: false,
  },
  'whose service exits 0': {
    overlay: 'overlays/exits-zero',
    reason: /^web died: exit 0; log d\d+$/,
    words: /nothing to do[\s\S]*Release 1 is live again/,
    untouched: false,
  },
  'whose service never answers': {
    overlay: 'overlays/never-answers',
    reason: /^GET \/: no answer within 1 s; log d\d+$/,
    words: /Release 1 is live again/,
    untouched: false,
  },
}

let before: Standing
t.test('the good commit is live', async (t) => {
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  before = await standing(receiver, 'main')
  t.match(before, { branch: good, live: good, commit: good, release: 1, body: 'Hello from hostenv\nmain, release 1\n' })
  t.equal(before.profile, before.storePath)
})

const rejected = new Set<string>()

for (const [what, { overlay, reason, words, untouched }] of Object.entries(refusals)) {
  t.test(`a commit ${what} is refused`, async (t) => {
    await project.git('reset', '-q', '--hard', good)
    project.overlay(overlay)
    // A second is as long as three for a process that never answers.
    const module = readFileSync(join(project.directory, '.hostenv/hostenv.nix'), 'utf8')
    const quick = module.replaceAll('timeout = 3;', 'timeout = 1;')
    const commit = await project.commit(overlay, { '.hostenv/hostenv.nix': quick })
    const [pid, definition] = await process()
    const kept = listing(receiver)
    const numbers: number[] = []
    for (const attempt of ['the first time', 'the same commit again']) {
      const pushed = await project.push(receiver, 'main')
      t.equal(pushed.code, 1, `${attempt}: git push exits 1`)
      t.match(reasonOf(pushed), reason, `${attempt}: ${reasonOf(pushed)}`)
      t.match(pushed.lines.map(({ text }) => text.replace(/^remote: /, '')).join('\n'), words, pushed.stderr)
      for (const { text } of pushed.lines) if (text.startsWith('remote:')) t.ok([...text].length <= 80, text)
      numbers.push(Number(/log d(\d+)/.exec(reasonOf(pushed))?.[1]))
      t.same(await standing(receiver, 'main'), before, `${attempt}: page, branch, live ref, record and profile agree`)
      t.same(listing(receiver), kept, `${attempt}: nothing is left in the state directory`)
    }
    t.equal(numbers[1], (numbers[0] ?? 0) + 1, 'a new attempt has a new number')
    const [nowPid, nowDefinition] = await process()
    t.equal(nowDefinition, definition, 'the old definition serves')
    if (untouched) t.equal(nowPid, pid, 'and in the old process')
    const log = await receiver.ssh('logs', `d${numbers[0]}`)
    t.equal(log.code, 0)
    t.match(log.stdout, overlay === 'broken-build' ? /there is no word for it/ : /./)
    const told = await receiver.ssh('logs', `d${numbers[1]}`, '--json')
    t.match(JSON.parse(told.stdout), {
      deploy: numbers[1],
      commit,
      stage: 'failed',
      ref: 'refs/heads/main',
      by: 'admin',
    })
    rejected.add(
      reasonOf({ stderr: ` ! [remote rejected] main -> main (${JSON.parse(told.stdout).reason})` } as Pushed),
    )
  })
}

t.test('the reasons differ, but for the two that died the same way', async (t) => {
  t.equal(rejected.size, Object.keys(refusals).length - 1, [...rejected].join(' · '))
})

t.test('the next good commit is live as release 2', async (t) => {
  await project.git('reset', '-q', '--hard', good)
  const commit = await project.commit('Mended', { 'greeting.txt': 'Back again\n' })
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  const now = await standing(receiver, 'main')
  t.match(now, { branch: commit, live: commit, commit, release: 2, body: 'Back again\nmain, release 2\n' })
  t.equal(now.profile, now.storePath)
})

t.test('a project whose first push is refused does not come to be', async (t) => {
  const name = 'acme/first'
  const kept = listing(receiver)
  await project.git('reset', '-q', '--hard', good)
  for (const overlay of ['broken-build', 'overlays/dies-at-once']) {
    await project.git('reset', '-q', '--hard', good)
    project.overlay(overlay)
    await project.commit(overlay)
    for (const attempt of [1, 2]) {
      const pushed = await project.push(receiver, 'main', { name })
      t.equal(pushed.code, 1, `${overlay} ${attempt}`)
      t.match(reasonOf(pushed), overlay === 'broken-build' ? /^build failed: page exit 3/ : /^web died: exit 1/)
      t.same(await remoteRefs(receiver, name), new Map())
      t.notOk(existsSync(join(receiver.stateDir, 'repos/acme/first.git')))
      t.same(readdirSync(join(receiver.stateDir, 'incoming')), [])
      t.equal(profileTarget(receiver, 'main', name), null)
      t.equal((await get(receiver.httpPort, hostname('main', name))).status, 404)
    }
    if (overlay === 'broken-build') t.same(listing(receiver), kept, 'nothing is left in the state directory')
  }
  await project.git('reset', '-q', '--hard', good)
  const pushed = await project.push(receiver, 'main', { name })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(await standing(receiver, 'main', name), { branch: good, live: good, release: 1, status: 200 })
})
