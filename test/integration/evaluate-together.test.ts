// Where a project is quick to evaluate, one evaluation tells of all its environments what evaluating each of them would.
import t from 'tap'
import type { Question } from '../../src/resolve/evaluate.ts'
import { evaluateCommit } from '../../src/resolve/evaluate-commit.ts'
import { othersSaid, parseEvaluation } from '../../src/resolve/manifest-schema.ts'
import { isQuick, tookTime } from '../../src/resolve/together.ts'
import { webModule } from '../helpers/module.ts'
import { evaluation } from './evaluation-support.ts'

const { add, ctx } = await evaluation(t)
const { signal } = new AbortController()

/** A project that is known to be quick; answers a function that evaluates one of its environments. */
async function quick(project: string, files: Record<string, string> | string, flake: Question['flake'] = null) {
  const source = add(files)
  const name = { organisation: 'acme', project }
  tookTime(`acme/${project}`, 1)
  return (key: string) => {
    const question = { project: name, source, revision: 'c'.repeat(40), select: { key }, trace: false, flake }
    return evaluateCommit(ctx, question, signal)
  }
}

const module = webModule({
  main: 'type = "production";',
  staging: 'type = "testing"; releaseTags = "v*";',
  other:
    'type = "testing"; modules = [ { warnings = [ "a warning of other" ]; processes.web.environment.X = "other"; } ];',
  off: 'enable = false;',
})
const flake = `{
  inputs.site = { url = "path:./site"; flake = false; };
  outputs = inputs: (import inputs.site).library.mkProject { inherit inputs; modules = [ ./hostenv.nix ]; };
}
`
const files = { '.hostenv/hostenv.nix': module, 'server.js': '1\n', 'greeting.txt': 'Hello\n' }

t.test('what is told of the others is what is told when they are asked for', async (t) => {
  for (const evaluate of [
    await quick('module', files),
    await quick('flake', { ...files, '.hostenv/flake.nix': flake }, { lock: null }),
  ]) {
    const all = othersSaid((await evaluate('main')).said)
    t.same([...all.keys()].sort(), ['other', 'staging'], 'those that are enabled')
    for (const [key, said] of all) t.same(parseEvaluation(said), parseEvaluation((await evaluate(key)).said), key)
  }
  t.ok(isQuick('acme/module'))
  t.ok(isQuick('acme/flake'))
})

t.test('an environment that fails is left out, and never in the way of another', async (t) => {
  const failing = (text: string) => ({
    ...files,
    '.hostenv/hostenv.nix': webModule({ main: '', bad: `modules = [ { ${text} } ];`, good: '' }),
  })
  const thrown = await quick('thrown', failing('processes.web.command = throw "not yet";'))
  const said = await thrown('main')
  t.same([...othersSaid(said.said).keys()], ['good'])
  t.ok(isQuick('acme/thrown'))
  await t.rejects(thrown('bad'), /not yet/)

  const wrong = await quick('wrong', failing('processes.web.environment.X = builtins.head [ ];'))
  const alone = await wrong('main')
  t.ok(parseEvaluation(alone.said).selected.main)
  t.equal(othersSaid(alone.said).size, 0)
  t.notOk(isQuick('acme/wrong'), 'it is not tried again')
})

t.test('what takes long is evaluated one by one', async (t) => {
  const evaluate = await quick('slow', files)
  tookTime('acme/slow', 10_000)
  t.equal(othersSaid((await evaluate('main')).said).size, 0)
})
