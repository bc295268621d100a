import t from 'tap'
import { type Exec, LONGEST_EXEC, parseExec } from '../../../../src/transport/ssh/exec.ts'

const receive = (path: string): Exec => ({ kind: 'git', service: 'git-receive-pack', path })
const upload = (path: string): Exec => ({ kind: 'git', service: 'git-upload-pack', path })
const archive = (path: string): Exec => ({ kind: 'git', service: 'git-upload-archive', path })
const word = (...argv: string[]): Exec => ({ kind: 'word', argv })

const accepted: [string, Exec][] = [
  ["git-receive-pack 'org/project.git'", receive('org/project.git')],
  ["git-upload-pack '/org/project'", upload('/org/project')],
  ["git receive-pack 'a/b'", receive('a/b')],
  ["git upload-pack 'a/b'", upload('a/b')],
  ['git-upload-pack a/b.git', upload('a/b.git')],
  ['git-upload-pack "a/b.git"', upload('a/b.git')],
  ["git-receive-pack 'it'\\''s/x'", receive("it's/x")],
  ["git-receive-pack 'wow'\\!'/x'", receive('wow!/x')],
  ["git-receive-pack '../../etc'", receive('../../etc')],
  ["git-receive-pack 'a b;c $(d)'", receive('a b;c $(d)')],
  ["  git-receive-pack   'a/b'  ", receive('a/b')],
  ["'git-receive-pack' 'a/b'", receive('a/b')],
  ["git-upload-archive 'a/b.git'", archive('a/b.git')],
  ['git upload-archive a/b', archive('a/b')],
  ['git-upload-archive--writer a/b', word('git-upload-archive--writer', 'a/b')],
  ['git push', word('git', 'push')],
  ['envs --json', word('envs', '--json')],
  ['logs feature/foo -p acme/shop', word('logs', 'feature/foo', '-p', 'acme/shop')],
  ['logs acme/shop:main', word('logs', 'acme/shop:main')],
  ['', word()],
  ['   ', word()],
  ["help ''", word('help', '')],
  ['envs ünïcode', word('envs', 'ünïcode')],
]

const hostile: [string, RegExp][] = [
  ["git-receive-pack 'a/b", /not closed/],
  ['git-receive-pack "a/b', /not closed/],
  ["git-receive-pack 'a/b'\\", /ends with a backslash/],
  ["git-receive-pack 'a/b'; id", /no shell/],
  ["git-receive-pack 'a/b' | id", /no shell/],
  ["git-receive-pack 'a/b' && id", /no shell/],
  ['git-receive-pack $(id)', /no shell/],
  ['git-receive-pack `id`', /no shell/],
  ['git-receive-pack "$(id)"', /single quotes/],
  ['git-receive-pack "`id`"', /single quotes/],
  ['git-receive-pack a/b > /etc/passwd', /no shell/],
  ['git-receive-pack < /etc/passwd', /no shell/],
  ['envs *', /no shell/],
  ['envs {a,b}', /no shell/],
  ['envs # x', /no shell/],
  ['git-receive-pack', /one repository path/],
  ["git-receive-pack ''", /one repository path/],
  ["git-receive-pack 'a/b' 'c/d'", /one repository path/],
  ["git-receive-pack --advertise-refs 'a/b'", /one repository path/],
  ["git-upload-pack '--upload-pack=id'", /one repository path/],
  ["git receive-pack '-x'", /one repository path/],
  ["git-upload-archive 'a/b' --exec=id", /one repository path/],
  ["git-receive-pack 'a\nb'", /control characters/],
  ["git-receive-pack 'a\0b'", /control characters/],
  ['envs\u001b[2J', /control characters/],
  ['envs\u009b2J', /control characters/],
  ['envs\tx', /control characters/],
  ['envs\u007f', /control characters/],
  ["git-receive-pack '\ufffd'", /control characters/],
  [`envs ${'x'.repeat(LONGEST_EXEC)}`, /longer than 4096/],
  [`envs ${'ü'.repeat(LONGEST_EXEC / 2)}`, /longer than 4096/],
]

t.test('what git and people send is understood', async (t) => {
  for (const [command, exec] of accepted) t.strictSame(parseExec(command), exec, JSON.stringify(command))
})

t.test('what a shell would act upon is refused with a sentence', async (t) => {
  for (const [command, why] of hostile) {
    const exec = parseExec(command)
    t.equal(exec.kind, 'refused', JSON.stringify(command.slice(0, 60)))
    if (exec.kind === 'refused') t.match(exec.why, why)
  }
})

t.test('a command of exactly the longest length is taken', async (t) => {
  t.equal(parseExec('x'.repeat(LONGEST_EXEC)).kind, 'word')
})
