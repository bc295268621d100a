import fc from 'fast-check'
import t from 'tap'
import { run } from '../../../src/lib/spawn.ts'
import { parseCommand, refProblem } from '../../../src/receive/ref-name.ts'
import { cleanEnv } from '../../helpers/programs.ts'

const a = 'a'.repeat(40)
const b = '0123456789abcdef0123456789abcdef01234567'

t.test('ordinary names may be used', async (t) => {
  const names = [
    'main',
    'feature/foo',
    'v1.0',
    'a-b',
    'x/y/z',
    'größe',
    '日本',
    'a@b',
    'head',
    'HEADS',
    "it's",
    'a"b',
    '$(x)',
  ]
  for (const name of names) t.equal(refProblem(`refs/heads/${name}`), null, name)
  t.equal(refProblem('refs/tags/v1.0'), null)
})

t.test('hostile names are refused, each with what is wrong', async (t) => {
  const table: Record<string, RegExp> = {
    'refs/heads/-oProxyCommand=x': /start with -/,
    'refs/heads/feature/-x': /start with -/,
    'refs/heads/--upload-pack=x': /start with -/,
    'refs/heads/HEAD': /HEAD/,
    'refs/tags/HEAD': /HEAD/,
    'refs/heads/x/HEAD': /HEAD/,
    'refs/heads/@': /HEAD or @/,
    'refs/heads/refs/heads/main': /begin with refs/,
    'refs/tags/refs/x': /begin with refs/,
    'refs/heads/a..b': /check-ref-format/,
    'refs/heads/..': /check-ref-format/,
    'refs/heads/../../etc/passwd': /check-ref-format/,
    'refs/heads/x/..': /check-ref-format/,
    'refs/heads/.hidden': /check-ref-format/,
    'refs/heads/x/.hidden': /check-ref-format/,
    'refs/heads/x.lock': /check-ref-format/,
    'refs/heads/x.lock/y': /check-ref-format/,
    'refs/heads/x.': /check-ref-format/,
    'refs/heads/x/': /check-ref-format/,
    'refs/heads//x': /check-ref-format/,
    'refs/heads/x@{1}': /check-ref-format/,
    'refs/heads/a b': /check-ref-format/,
    'refs/heads/a~1': /check-ref-format/,
    'refs/heads/a^': /check-ref-format/,
    'refs/heads/a:b': /check-ref-format/,
    'refs/heads/a*': /check-ref-format/,
    'refs/heads/[a]': /check-ref-format/,
    'refs/heads/a\\b': /check-ref-format/,
    'refs/heads/': /only refs\/heads/,
    'refs/hostenv/live/main': /only refs\/heads/,
    'refs/notes/commits': /only refs\/heads/,
    'refs/remotes/origin/main': /only refs\/heads/,
    'refs/heads': /only refs\/heads/,
    HEAD: /only refs\/heads/,
    main: /only refs\/heads/,
    'refs/heads/../hostenv/live/main': /check-ref-format/,
    [`refs/heads/${'x'.repeat(234)}`]: /244 bytes/,
    [`refs/heads/${'é'.repeat(117)}`]: /244 bytes/,
  }
  for (const [ref, problem] of Object.entries(table))
    t.match(refProblem(ref), problem, JSON.stringify(ref).slice(0, 60))
  t.equal(refProblem(`refs/heads/${'x'.repeat(233)}`), null, '244 bytes are enough')
})

t.test('every control character is refused, wherever it stands', async (t) => {
  const codes = [...Array(32).keys(), 127, ...Array.from({ length: 32 }, (_, i) => 128 + i), 0x2028, 0x2029, 0xfffd]
  for (const code of codes) {
    const c = String.fromCharCode(code)
    for (const ref of [`refs/heads/a${c}b`, `refs/heads/${c}a`, `refs/heads/a${c}`, `refs/tags/a/${c}/b`])
      t.match(refProblem(ref), /control characters/, `U+${code.toString(16)}`)
  }
})

t.test('an invented second line is a control character, not a second ref', async (t) => {
  t.match(refProblem(`refs/heads/x\n${a} ${b} refs/heads/main`), /control characters/)
})

t.test('a name is allowed only if git check-ref-format allows it', async (t) => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'main', 'x1', 'é', '日', 'A') },
    { weight: 2, arbitrary: fc.constantFrom('/', '.', '-', '@', '{', '..', '.lock', 'HEAD', '//') },
    fc.constantFrom(
      ' ',
      '~',
      '^',
      ':',
      '?',
      '*',
      '[',
      '\\',
      ']',
      '}',
      '$',
      "'",
      '"',
      '`',
      ';',
      '&',
      '|',
      '\t',
      '\u007f',
    ),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
  )
  const names = fc
    .sample(fc.array(piece, { minLength: 1, maxLength: 7 }), { numRuns: 560, seed: 1 })
    .map((parts) => parts.join(''))
    .filter((name) => !/[\0]/.test(name) && name.isWellFormed())
  t.ok(names.length >= 500, `${names.length} names`)
  const env = cleanEnv(t.testdirName)
  const git = async (name: string) =>
    (await run({ argv: ['git', 'check-ref-format', `refs/heads/${name}`], env, cwd: '/' })).code === 0
  let allowed = 0
  const lenient: string[] = []
  const strict: string[] = []
  for (let i = 0; i < names.length; i += 40) {
    const some = names.slice(i, i + 40)
    const answers = await Promise.all(some.map(git))
    for (const [j, name] of some.entries()) {
      const problem = refProblem(`refs/heads/${name}`)
      if (problem === null) allowed++
      if (problem === null && !answers[j]) lenient.push(name)
      // Where we say that git does not allow a name, it does not.
      if (problem?.includes('check-ref-format') && answers[j]) strict.push(name)
    }
  }
  t.same(lenient, [], 'nothing is allowed that git would refuse')
  t.same(strict, [], 'git is not blamed for what it allows')
  t.ok(allowed > 30, `${allowed} were allowed`)
})

t.test('a command is two ids in lower-case hex and a name', async (t) => {
  t.same(parseCommand(`${a} ${b} refs/heads/x`), { old: a, new: b, ref: 'refs/heads/x' })
  t.same(parseCommand(`${a} ${b} a b`), { old: a, new: b, ref: 'a b' }, 'the name is not judged here')
  const bad = [
    '',
    a,
    `${a} ${b}`,
    `${a} ${b} `,
    `${a.toUpperCase()} ${b} x`,
    `${a}  ${b} x`,
    `${a.slice(1)} ${b} x`,
    ` ${a} ${b} x`,
  ]
  for (const line of [...bad, `${a}\t${b}\tx`, `${a}a ${b} x`, `${'g'.repeat(40)} ${b} x`])
    t.equal(parseCommand(line), null, line)
})
