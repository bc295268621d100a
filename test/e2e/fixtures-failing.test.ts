// The sample projects that must fail, pushed for real: git says no, and the push says in a sentence what is wrong.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeProject, type Pushed } from '../helpers/project.ts'
import { startReceiver } from '../helpers/receiver.ts'

const receiver = await startReceiver(t)

interface Failing {
  /** The status that git prints for the branch. */
  readonly reason: RegExp
  /** What else the push says, wherever its lines are broken. */
  readonly words: readonly RegExp[]
}

const failing: Record<string, Failing> = {
  'broken-eval': {
    reason: /^evaluation failed at \.hostenv\/hostenv\.nix:6(:\d+)?: .*nodjes/,
    words: [/attribute 'nodjes' missing/],
  },
  'broken-build': {
    reason: /^build failed: page exit 3; log d\d+$/,
    words: [/> rendering the greeting > greeting\.txt\(1,1\): error: there is no word for it/],
  },
  'broken-assertion': {
    reason: /^evaluation failed/,
    words: [
      /the greetings need a worker: add processes\.worker/,
      /option `services\.cron\.jobs\.sweep': needs a `command' or a `script', and only one/,
    ],
  },
  'broken-activate': {
    reason: /^activate .*exit(ed)? 1; log d\d+$/,
    words: [/migrating the greetings no such table: greetings/],
  },
  'never-ready': {
    reason: /^activate failed: web is not ready after 6 s; log d\d+$/,
    words: [/Activate failed: web is not ready after 6 s waiting for the words/],
  },
  'listens-on-a-port': {
    reason: /^listens on port \d+; log d\d+$/,
    words: [/Listens on port \d+: environments use sockets only/],
  },
}

const said = ({ lines }: Pushed) =>
  lines
    .filter(({ text }) => text.startsWith('remote:'))
    .map(({ text }) => text.replace(/^remote: ?/, ''))
    .join('\n')

for (const [fixture, { reason, words }] of Object.entries(failing))
  t.test(`${fixture} is refused, with what is wrong`, async (t) => {
    const project = await makeProject(t, fixture)
    const pushed = await project.push(receiver, 'main', { name: `acme/${fixture}` })
    t.equal(pushed.code, 1)
    t.match(/ ! \[remote rejected\] main -> main \((.*)\)/.exec(pushed.stderr)?.[1], reason, pushed.stderr)
    for (const sentence of words) t.match(said(pushed).replace(/\s+/g, ' '), sentence, said(pushed))
    for (const line of said(pushed).split('\n')) t.ok([...line].length <= 72, line)
    const repository = join(receiver.stateDir, 'repos/acme', `${fixture.replaceAll('-', '')}.git`)
    t.notOk(existsSync(repository), 'a project whose first push is refused does not come to be')
  })
