// What is wrong with a configuration file is told with its line, its column and what to write instead.
import t from 'tap'
import { parseFile } from '../../../src/config/parse-file.ts'
import { checkRules } from '../../../src/config/rules.ts'

function told(text: string): string[] {
  const { settings, place, problems } = parseFile(text)
  const all = problems.length > 0 ? problems : checkRules(settings, place)
  return all.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

const wrong: Record<string, [text: string, told: string]> = {
  'an unknown setting': ['limit:\n  x: 1\n', '1:1 There is no setting "limit" here. Did you mean limits?'],
  'one far from all names': [
    'nix:\n  colour: red\n',
    '2:3 There is no setting "colour" in nix. Known: store, packages, allowUnsandboxedBuilds, allowedGitHosts, options.',
  ],
  'an unknown setting of a user': [
    'users:\n  al:\n    role: member\n    keyFile: [a]\n',
    '4:5 There is no setting "keyFile" in users.al. Did you mean keyFiles?',
  ],
  'an unknown limit': [
    'limits:\n  ssh:\n    loginTimes: 1s\n',
    '3:5 There is no setting "loginTimes" in limits.ssh. Did you mean loginTime?',
  ],
  'a time without its unit': [
    'limits:\n  evaluationTime: 60\n',
    '2:19 limits.evaluationTime takes a time with its unit, like 1m, from 100ms to 24d, not 60.',
  ],
  'a size with another unit': [
    'limits: {packBytes: 2GB}\n',
    '1:21 limits.packBytes takes a size with its unit, like 2GiB, from 64KiB to 1024TiB, not "2GB".',
  ],
  'a count below its bounds': [
    'limits:\n  refsPerPush: 0\n',
    '2:16 limits.refsPerPush takes a whole number from 1 to 10000, not 0.',
  ],
  'a timer that Node cannot keep': [
    'limits:\n  buildTime: 25d\n',
    '2:14 limits.buildTime takes a time with its unit, like 1h, from 100ms to 24d, not "25d".',
  ],
  'a port that does not exist': [
    'listen:\n  ssh: 127.0.0.1:65536\n',
    '2:8 listen.ssh takes HOST:PORT, like 127.0.0.1:2222 (port 0 picks a free one), not "127.0.0.1:65536".',
  ],
  'a word for true': [
    'host: {local: {trustProjects: yes}}\n',
    '1:31 host.local.trustProjects takes true or false, not "yes".',
  ],
  'a role that there is not': [
    'users:\n  al:\n    role: admin\n',
    '3:11 users.al.role takes administrator or member, not "admin".',
  ],
  'a key that is no list': [
    'users:\n  al:\n    keys: ssh-ed25519 AAAA\n',
    '3:11 users.al.keys takes a list, each on a line of its own (- ssh-ed25519 AAAA… alice@laptop), not "ssh-ed25519 AAAA".',
  ],
  'a list instead of settings': [
    '- domain: a\n',
    '1:1 This file takes settings, each on a line of its own (domain: …), not [{"domain":"a"}].',
  ],
  'a name given twice': ['domain: a\ndomain: b\n', '2:1 This name stands here twice; remove one of them.'],
  'a control character': ['domain: a\nlog: "\u009b2J"\n', '2:6 log takes file, stderr or journald, not "\\u009b2J".'],
  'a tab': ['users:\n\tal: {}\n', '2:1 A tab cannot indent YAML; write blanks.'],
  'what is no YAML': [
    'users: [\n',
    '2:1 This is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ].',
  ],
  'a tag': ['domain: !!js/function x\n', '1:9 This is no YAML: Unresolved tag: tag:yaml.org,2002:js/function.'],
  'an option that isolation depends on': [
    'nix:\n  options:\n    sandbox: false\n',
    '3:5 nix.options.sandbox: the receiver sets this itself; remove the line.',
  ],
  'a project under another name': [
    'projects:\n  Acme-Inc/Shop: {}\n',
    '2:3 "Acme-Inc/Shop" is no name for a project; write acmeinc/shop.',
  ],
  'a project without organisation': [
    'projects:\n  shop: {}\n',
    '2:3 "shop" is no name for a project; write organisation/project.',
  ],
  'access for somebody unknown': [
    'users: {alice: {}}\nprojects:\n  a/b:\n    access:\n      alcie: push\n',
    '5:7 There is no user "alcie". Did you mean alice?',
  ],
  'access of no kind': [
    'users: {alice: {}}\nprojects:\n  a/b:\n    access: {alice: write}\n',
    '4:21 projects.a/b.access.alice takes viewer, deployer, maintainer, administrator, or a role for each type (production: viewer), not "write".',
  ],
  'a domain granted twice': [
    'projects:\n  a/b: {domains: [x.org]}\n  a/c: {domains: [x.org]}\n',
    '3:19 x.org is granted to a/b already; remove one of them.',
  ],
  'a domain that is no host name': [
    'projects:\n  a/b: {domains: [X_y.org]}\n',
    '2:19 "X_y.org" is no host name; write it in lower case, like shop.example.org or *.example.org.',
  ],
  "a domain among environments' own names": [
    'domain: apps.org\nprojects:\n  a/b:\n    domains:\n      - x.apps.org\n',
    '5:9 x.apps.org is below apps.org, where environments have their own names; grant another one.',
  ],
}

for (const [what, [text, sentence]] of Object.entries(wrong)) t.test(what, async (t) => t.same(told(text), [sentence]))

t.test('everything that is wrong is told at once', async (t) => {
  t.equal(told('limts: 1\nlisten: {ssh: x}\nlimits: {buildsAtOnce: x}\n').length, 3)
})

t.test('an empty file, and names without a value, say nothing', async (t) => {
  for (const text of ['', '# nothing\n', 'users:\nprojects:\nlimits:\n  ssh:\n', 'users:\n  alice:\n    keys:\n'])
    t.same(told(text), [], JSON.stringify(text))
})

t.test('ATTACK: aliases that grow, and names that objects have, harm nothing', async (t) => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let n = 0; n < 12; n++)
    lines.push(
      `b${n}: &b${n} [${Array(9)
        .fill(n === 0 ? '*a' : `*b${n - 1}`)
        .join(', ')}]`,
    )
  t.match(told(lines.join('\n')), [/^1:1 This is no usable YAML: Excessive alias count/])
  for (const text of ['&a [*a]\n', 'users: &a {al: *a}\n', 'projects: &a {b: [{c: *a}]}\n'])
    t.same(told(text), ['1:1 This is no usable YAML: an alias stands inside what it names.'], text)
  t.match(told('__proto__: {polluted: true}\n'), [/no usable YAML: __proto__ cannot be a name/])
  t.match(told('users:\n  __proto__: {role: administrator}\n'), [/__proto__ cannot be a name/])
  t.equal(({} as { polluted?: boolean }).polluted, undefined)
  t.match(told(`# ${'x'.repeat(1024 ** 2)}`), [/larger than 1 MiB/])
})

t.test('what goes wrong after a value over several lines is told on its own line', async (t) => {
  const text = 'projects:\n  a/b: {domains: x[x.org]  +}\n[x.org]  +}\n}\n  a/c: {domains: [x.org]}\n'
  t.match(told(text).at(-1), /^5:/)
})
