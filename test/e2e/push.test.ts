// A first push, end to end: what the person sees, and everything that must agree afterwards.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { documents } from '../../src/report/words/schema.ts'
import { get } from '../helpers/http.ts'
import { webModule } from '../helpers/module.ts'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { rawPush } from '../helpers/raw-push.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { hostname, profileTarget, remoteRefs, standing } from '../helpers/standing.ts'

const receiver = await startReceiver(t)
// On a slow machine a process may listen only after the usual two seconds.
const patient = webModule({ main: 'type = "production"; deploymentVerification.upFor = 4;' })
const project = await makeProject(t, 'hello-web', { '.hostenv/hostenv.nix': patient })
const url = receiver.url('acme/hello-web')
const main = (await project.git('rev-parse', 'HEAD')).trim()
const ssh = ['-c', `core.sshCommand=${receiver.sshCommand()}`]

/** The words of the receiver, everything that differs from run to run replaced. */
function transcript({ lines }: Pushed): string[] {
  return lines
    .filter(({ text }) => text.startsWith('remote:'))
    .map(({ text }) =>
      text
        .replace(/\b[0-9a-f]{7} →/, 'COMMIT →')
        .replace(/Evaluating [0-9a-f]{7}/, 'Evaluating COMMIT')
        .replace(/\d+(\.\d+)? (ms|s)\b/g, 'TIME')
        .replace(/\d+(\.\d+)? [KM]iB/g, 'SIZE')
        .replace(/:\d{4,5}$/, ':PORT'),
    )
}

let first: Pushed

t.test('a push of main succeeds, and says what happens on the way', async (t) => {
  first = await project.push(receiver, 'main')
  t.equal(first.code, 0, first.stderr)
  t.match(first.stderr, /\* \[new branch\] +main -> main/)
  const said = transcript(first)
  // Packages of the host's own programs are built in whatever order.
  const builds = said.filter((line) => /\[\d+\/\d+\]/.test(line))
  t.equal(builds.length, 10)
  for (const line of builds) t.match(line, /^remote: {8}\[\d\/5\] [a-z0-9-]+: (started|done in TIME)$/)
  t.same(
    said.filter((line) => !builds.includes(line)),
    [
      'remote: -----> Evaluating COMMIT',
      'remote: -----> acme/helloweb COMMIT → main (production)',
      'remote: -----> Building 5 derivations (3 cached)',
      'remote: -----> Built in TIME · closure SIZE',
      'remote: -----> Activating release 1',
      'remote:        web started',
      'remote:        check GET / → 200 in TIME',
      'remote: -----> Live at http://helloweb-main-de0ff1d.localhost:PORT',
      'remote:        release 1, TIME',
    ],
  )
})

t.test('no line of it is wider than 80 columns, and none has a control character', async (t) => {
  for (const { text } of first.lines.filter(({ text }) => text.startsWith('remote:'))) {
    t.ok([...text].length <= 80, text)
    t.notMatch(text, /[\u0000-\u001f\u007f-\u009f]/)
  }
})

t.test('the page is served', async (t) => {
  const page = await get(receiver.httpPort, hostname('main'))
  t.equal(page.status, 200)
  t.equal(page.body, 'Hello from hostenv\nmain, release 1\n')
  t.match(first.stderr, `http://${hostname('main')}:${receiver.httpPort}`)
})

t.test('branch, live ref, release ref, record and profile say the same', async (t) => {
  const refs = await remoteRefs(receiver)
  for (const ref of ['HEAD', 'refs/heads/main', 'refs/hostenv/live/main', 'refs/hostenv/releases/main/1'])
    t.equal(refs.get(ref), main, ref)
  t.equal(refs.size, 4)
  const listed = await receiver.ssh('releases', 'main', '--json')
  t.equal(listed.code, 0)
  const [release, ...more] = documents.releases.parse(JSON.parse(listed.stdout))
  t.same(more, [])
  t.match(release, {
    project: 'acme/helloweb',
    key: 'main',
    n: 1,
    commit: main,
    outcome: 'live',
    by: 'admin',
    label: null,
  })
  t.equal(release?.tree, (await project.git('rev-parse', 'HEAD^{tree}')).trim())
  t.ok(Math.abs(Date.parse(release?.at ?? '') - Date.now()) < 60_000)
  t.match(release?.storePath, /^\/nix\/store\/[0-9a-z]{32}-/)
  t.equal(profileTarget(receiver, 'main'), release?.storePath)
  t.ok(existsSync(join(receiver.stateDir, 'nix', release?.storePath ?? '', 'bin/activate')))
})

t.test('releases lists it for people', async (t) => {
  const { code, stdout, stderr } = await receiver.ssh('releases', 'main')
  t.equal(code, 0)
  t.equal(stderr, '')
  t.match(stdout, /^ *REL +COMMIT +OUTCOME +AT +BY\n *1 +[0-9a-f]{7} +live +\d{4}-\d\d-\d\d \d\d:\d\dZ +admin$/)
  t.match(stdout, main.slice(0, 7))
})

t.test('HEAD is on main, and the branch has a reflog', async (t) => {
  const said = await project.git(...ssh, 'ls-remote', '--symref', url, 'HEAD')
  t.match(said, /^ref: refs\/heads\/main\tHEAD/)
  const logs = join(receiver.stateDir, 'repos/acme/helloweb.git/logs/refs')
  t.match(readFileSync(join(logs, 'heads/main'), 'utf8'), main)
  t.match(readFileSync(join(logs, 'hostenv/live/main'), 'utf8'), main)
})

t.test('what is live and what was released can be fetched, and cannot be pushed', async (t) => {
  await project.git(...ssh, 'fetch', '-q', url, 'refs/hostenv/live/main:live', 'refs/hostenv/releases/main/1:one')
  t.equal((await project.git('rev-parse', 'live')).trim(), main)
  t.equal((await project.git('rev-parse', 'one')).trim(), main)
  const before = await remoteRefs(receiver)
  const refs = [
    'refs/hostenv/live/main',
    'refs/hostenv/releases/main/1',
    'refs/hostenv/releases/main/2',
    'refs/hostenv/x',
  ]
  for (const ref of refs) {
    const forced = await project.push(receiver, `+main~0:${ref}`)
    // git's own client sends nothing where the id is the same and the ref is not hidden from it.
    t.notMatch(forced.stderr, /new reference/, ref)
    t.not(forced.code, 0, ref)
    const answer = await rawPush(receiver, { commands: [{ old: before.get(ref) ?? '0'.repeat(40), new: main, ref }] })
    t.match(answer.report.join('\n'), new RegExp(`^ng ${ref} `, 'm'), ref)
    const gone = await rawPush(receiver, { commands: [{ old: main, new: '0'.repeat(40), ref }], pack: null })
    t.match(gone.report.join('\n'), new RegExp(`^ng ${ref} `, 'm'), `delete ${ref}`)
  }
  t.same(await remoteRefs(receiver), before)
})

t.test('log lines reach the client while the build still runs', async (t) => {
  const slow = `pkgs.runCommand "slow" { } ''
      echo "the first words"
      sleep 4
      echo "the last words"
      touch $out
    ''`
  await project.commit('A slow build', {
    '.hostenv/hostenv.nix': webModule(
      { main: 'type = "production";' },
      `processes.web.environment.SLOW = "\${${slow}}";`,
    ),
  })
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0, pushed.stderr)
  const at = (words: string) => pushed.lines.find(({ text }) => text.includes(words))?.at ?? Number.NaN
  const gap = at('the last words') - at('the first words')
  t.ok(gap > 1200, `${Math.round(gap)} ms between the first and the last words`)
  t.ok(at('slow: started') <= at('the first words'))
  t.ok(at('slow: done') >= at('the last words'))
  // They may come in one piece.
  const place = (words: string) => pushed.lines.findIndex(({ text }) => text.includes(words))
  t.ok(place('slow: done') < place('Activating release 2'))
})

t.test('the next release says what changed since, and agrees in everything too', async (t) => {
  await project.write({ 'greeting.txt': 'Hello again\n' })
  const commit = await project.commit()
  const pushed = await project.push(receiver, 'main')
  t.match(pushed.stderr, /closure .* since release 2|closure .*, as release 2/)
  t.match(pushed.stderr, /web restarted/)
  const now = await standing(receiver, 'main')
  t.match(now, { branch: commit, live: commit, commit, release: 3, releases: [3, 2, 1], status: 200 })
  t.equal(now.profile, now.storePath)
  t.equal(now.body, 'Hello again\nmain, release 3\n')
})

t.test('a push of what is there already runs nothing', async (t) => {
  const pushed = await project.push(receiver, 'main')
  t.equal(pushed.code, 0)
  t.match(pushed.stderr, /Everything up-to-date/)
  t.equal((await standing(receiver, 'main')).release, 3)
})
