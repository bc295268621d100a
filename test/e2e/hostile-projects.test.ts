// Projects that mean harm to the machine or to whoever reads their output: each ends in a clear refusal or in harmless success, within
// its limit. Evaluation, memory, logs and services: limits.test.ts; what a project may see: isolation.test.ts.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { get } from '../helpers/http.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { quietModule } from '../helpers/module.ts'
import { cleanEnv } from '../helpers/programs.ts'
import { makeProject } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const config = join(tempDir(t, 'c'), 'hostenv.yaml')
writeFileSync(config, 'projects:\n  acme/victim: {domains: [shop.example.org]}\n')
const limits = {
  ...{ buildProcesses: 40, buildTime: 60_000, activateTime: 20_000, derivationLogBytes: 20 * 1024 ** 2 },
  // Little, so that it is reached before a client that reads slowly is left out of some of it.
  shownLogBytes: 64 * 1024,
}
const receiver = await startReceiver(t, {
  ...{ faults: '', args: ['--config', config] },
  env: { HOSTENV_OVERRIDES: JSON.stringify({ limits }) },
})
const file = '.hostenv/hostenv.nix'
const project = await makeProject(t)
const first = (await project.git('rev-parse', 'HEAD')).trim()
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/

/** What was said, without the breaks of its lines. */
const flat = (text: string) => text.replace(/\s*\nremote: +/g, ' ')

/** Pushes these files on top of the fixture, to a project of their own. */
async function push(name: string, files: Record<string, string>, environments: Record<string, string> = { main: '' }) {
  await project.git('reset', '-q', '--hard', first)
  await project.commit(name, { [file]: quietModule(environments), ...files })
  return await project.push(receiver, 'HEAD:refs/heads/main', { name: `acme/${name}`, flags: ['--force'] })
}

const building = (script: string) =>
  quietModule({ main: '' }, `activate = "cat \${pkgs.runCommand "page" { } ''${script}''}";`)
const activating = (script: string) => quietModule({ main: '' }, `activate = ''${script}'';`)

t.test('a build that forks without end has its number of processes, and the limit is named', async (t) => {
  const forks = 'i=0; while :; do sleep 54321 & i=$((i+1)); done'
  const pushed = await push('forks', { [file]: building(forks) })
  t.match(pushed, { code: 1, stderr: /build failed: page/ })
  t.match(flat(pushed.stderr), /A build may have 40 processes and threads \(limits\.buildProcesses\)/)
  t.same(processesOf('54321'), [], 'nothing of it is left')
})

t.test('a build that writes a gigabyte of log is ended at its limit, and costs the receiver no memory', async (t) => {
  const says = "yes 'a line of a build that says more than anybody reads' | head -c 1000000000; echo page > $out"
  const before = rss()
  const pushed = await push('says', { [file]: building(says) })
  t.match(pushed, { code: 1, stderr: /page wrote more than 20MiB of log \(limits\.derivationLogBytes\)/ })
  t.ok(rss() - before < 64 * 1024, `grew by ${Math.round((rss() - before) / 1024)} MiB`)
  t.match(flat(pushed.stderr), /Builds said more than 64(\.0)? KiB; the rest is not shown\. Whole log: ssh /)
  t.ok(pushed.stderr.length < 256 * 1024, `the pusher gets ${pushed.stderr.length} bytes of it`)
})

t.test('`activate` that kills its parent, its group and all that it sees ends itself and nobody else', async (t) => {
  for (const [name, script] of Object.entries({
    parent: 'kill -9 $PPID; sleep 1; echo still here',
    group: 'kill -9 0',
    all: 'kill -9 -1; echo still here',
  })) {
    const pushed = await push(`kills-${name}`, { [file]: activating(script) })
    t.match(pushed.stderr, /activate failed|Live|is live|no services/, `${name}: ${pushed.stderr}`)
    t.equal((await receiver.ssh('whoami')).code, 0, `${name}: the receiver is well`)
  }
})

t.test('`activate` that daemonises in every way leaves no process', async (t) => {
  const ways = [
    'setsid sleep 65432 > /dev/null 2>&1 < /dev/null &',
    '( ( sleep 65432 & ) & )',
    'nohup setsid sh -c "sleep 65432 & sleep 65432" > /dev/null 2>&1 &',
    'trap "" TERM HUP INT; ( trap "" TERM; sleep 65432 ) > /dev/null 2>&1 &',
  ]
  const pushed = await push('daemons', { [file]: activating(ways.join('\n')) })
  t.match(pushed, { code: 0 }, pushed.stderr)
  t.same(
    processesOf('65432').filter(({ command }) => command.startsWith('sleep')),
    [],
  )
})

t.test("a manifest cannot have another project's host names", async (t) => {
  const claims = 'virtualHosts."shop.example.org" = { };'
  const victim = await push('victim', {}, { main: claims })
  t.match(victim, { code: 0 }, victim.stderr)
  const other = await push('claims', {}, { main: claims })
  t.match(flat(other.stderr), /shop\.example\.org is not granted to acme\/claims/)
  const host = 'claims-main'
  const answer = await get(receiver.httpPort, 'shop.example.org')
  t.notMatch(answer.body + JSON.stringify(answer.headers), host, 'the front door still means the victim')
  const own = /victim-main-[0-9a-f]{7}\.localhost/.exec(victim.stderr)?.[0] ?? 'none'
  const taken = await push('takes', {}, { main: `virtualHosts."${own}" = { };` })
  t.match(flat(taken.stderr), /not granted|belongs to|is not valid/, taken.stderr)
})

// Wherever a project may write a text: in each of these places it comes to nobody's terminal as it is.
const evil = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202e'
const places: Record<string, string> = {
  type: `environments.main.type = lib.mkForce EVIL;`,
  key: `environments.EVIL = { };`,
  releaseTags: `environments.main.releaseTags = EVIL;`,
  'a host name': `environments.main.virtualHosts.EVIL = { };`,
  'a location': `environments.main.virtualHosts."x.example.org".locations.EVIL.return = "404";`,
  'what it returns': `environments.main.virtualHosts."x.example.org".locations."/".return = EVIL;`,
  'a user': `environments.main.users.EVIL.publicKeys = [ ];`,
  'an e-mail address': `environments.main.users.al.email = EVIL;`,
  'a key of a user': `environments.main.users.al.publicKeys = [ EVIL ];`,
  'a pattern of previews': `previews.EVIL = { };`,
  'a life of previews': `previews."x/*".ttl = EVIL;`,
  'a check': `environments.main.deploymentVerification.path = EVIL;`,
  'a warning': `warnings = [ EVIL ];`,
  'a process': `processes.EVIL.command = [ "/bin/true" ];`,
  'an error of its own': `activate = throw EVIL;`,
  'what is traced': `activate = builtins.trace EVIL "echo traced";`,
  'an option that there is not': `EVIL = 1;`,
}

t.test('control characters in every string of a project reach no terminal', async (t) => {
  const said = `builtins.fromJSON ${JSON.stringify(JSON.stringify(evil))}`
  for (const [where, line] of Object.entries(places)) {
    // As a name of an attribute it has to stand in quotes with an interpolation.
    const named = line.replace(/\.EVIL\b|^EVIL\b/, (text) => text.replace('EVIL', `"\${evil}"`)).replace('EVIL', 'evil')
    const nix = `{ pkgs, lib, ... }: let evil = ${said}; in {
      imports = [ { environments.main.deploymentVerification.enable = false; } { ${named} } ]; }`
    const pushed = await push('evil', { [file]: nix })
    for (const { text } of pushed.lines) t.notMatch(text, controls, `${where}: ${JSON.stringify(text)}`)
    t.ok(
      pushed.code === 0 || /\[remote rejected\]/.test(pushed.stderr),
      `${where} is refused or taken: ${pushed.stderr}`,
    )
  }
  const envs = await receiver.ssh('envs')
  t.notMatch(envs.stdout + envs.stderr, controls)
})

t.test('odd trees are taken as they are, or refused, and nothing of them gets out', async (t) => {
  const secret = join(receiver.home, 'secret')
  writeFileSync(secret, 'a secret of the host\n')
  await project.git('reset', '-q', '--hard', first)
  project.write({
    [file]: quietModule(
      { main: '' },
      `activate = "cat \${../stamped} \${../folder/UPPER} \${../folder/upper}; cat \${../.}/out 2>&1 || echo nothing there";`,
    ),
    '.gitattributes':
      '* filter=evil export-subst diff=evil merge=evil\nstamped export-subst ident\nignored export-ignore\n',
    stamped: '$Format:%H$ $Id$\n',
    ignored: 'here all the same\n',
    '.gitmodules': `[submodule "x"]\n\tpath = sub${evil.replace(/[\n"]/g, '')}\n\turl = https://git.example.org/x\n`,
    'folder/UPPER': 'one\n',
    'folder/upper': 'two\n',
    'name\u001b[2J\u202e\n.txt': 'odd\n',
    ' -rf ': 'odd\n',
  })
  symlinkSync(secret, join(project.directory, 'out'))
  symlinkSync('../../../../../../etc/passwd', join(project.directory, 'up'))
  symlinkSync('loop', join(project.directory, 'loop'))
  await project.git('config', 'filter.evil.clean', 'cat')
  const deep = Array.from({ length: 20 }, () => 'd'.repeat(190)).join('/')
  mkdirSync(join(project.directory, deep), { recursive: true })
  writeFileSync(join(project.directory, deep, 'end'), 'end\n')
  await project.commit('odd')
  const pushed = await project.push(receiver, 'HEAD:refs/heads/main', { name: 'acme/odd' })
  t.equal(pushed.code, 0, pushed.stderr)
  t.match(pushed.stderr, '$Format:%H$ $Id$', 'no attribute changes a file')
  t.match(pushed.stderr, /one\s[\s\S]*two/, 'names that differ in case are two files')
  t.notMatch(pushed.stderr, 'a secret of the host')
  for (const { text } of pushed.lines) t.notMatch(text, controls, JSON.stringify(text))
})

t.test('a tree of a million million files in a pack of a few kilobytes is refused at once', async (t) => {
  await project.git('reset', '-q', '--hard', first)
  const { directory } = project
  const made = async (input: string) =>
    (await mustRun({ argv: ['git', 'mktree'], env: cleanEnv(directory), cwd: directory, input })).trim()
  let tree = await made(`100644 blob ${await project.git('rev-parse', `HEAD:${file}`)}\tfile\n`)
  for (let depth = 0; depth < 12; depth++)
    tree = await made(Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\t${n}\n`).join(''))
  const rest = await project.git('ls-tree', 'HEAD')
  const commit = await project.git('commit-tree', '-m', 'Large', await made(`${rest}\n040000 tree ${tree}\tlarge\n`))
  const begun = performance.now()
  const pushed = await project.push(receiver, `+${commit}:refs/heads/main`, { name: 'acme/large' })
  t.match(pushed, { code: 1, stderr: /this commit has more than 200000 files and folders/ })
  t.match(pushed.stderr, /limits\.treeFiles/, 'and what to do about it')
  t.ok(performance.now() - begun < 60_000)
})

t.test('a submodule whose address is an option of git is not even taken in', async (t) => {
  const modules = '[submodule "x"]\n\tpath = sub\n\turl = --upload-pack=id\n'
  const pushed = await push('modules', { '.gitmodules': modules })
  t.match(pushed, { code: 1, stderr: /disallowed submodule url/ })
})

t.test('after all this an honest push works', async (t) => {
  const pushed = await push('honest', {})
  t.equal(pushed.code, 0, pushed.stderr)
})

function rss(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${receiver.pid}/status`, 'utf8'))?.[1])
}
