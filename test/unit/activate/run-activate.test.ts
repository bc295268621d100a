// An `activate` that is made ready and begins later, or never.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Place } from '../../../src/activate/host.ts'
import { quietLock, standBy } from '../../../src/activate/run-activate.ts'
import { defaultLimits } from '../../../src/config/limits.ts'
import { environmentFacts } from '../../../src/lib/names.ts'
import { makeNix } from '../../../src/lib/nix.ts'
import type { DeployEvent } from '../../../src/records.ts'
import { processesOf } from '../../helpers/leftovers.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

function stand(t: Test, script: string) {
  const directory = tempDir(t)
  const out = join(directory, 'out')
  mkdirSync(join(out, 'bin'), { recursive: true })
  writeFileSync(join(out, 'bin/activate'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const nix = makeNix({
    ...{ privateStore: null, version: { major: 2, minor: 8 }, path, home: directory },
    ...{ root: false, sandbox: false, sandboxPaths: [] },
  })
  const host = { nix, sandbox: null, path, stateDir: directory, limits: defaultLimits }
  const where = { domain: 'localhost', runtimeDir: join(directory, 'run'), stateDir: directory }
  const facts = environmentFacts({ organisation: 'acme', project: 'shop' }, 'main', 'main', where)
  const place: Place = { facts, type: 'production' }
  const told: string[] = []
  const emit = (event: DeployEvent) => void (event.type === 'activate-line' && told.push(event.line))
  const ready = standBy(host, place, out, { n: 3, revision: 'c'.repeat(40) }, emit)
  return { ready, told, directory, ran: join(facts.dataDir, 'ran'), quiet: () => quietLock(host, facts.userName, 1000) }
}

t.test('it begins when it is told to, with nothing to read, and its lock is free afterwards', async (t) => {
  const { ready, told, ran, quiet } = stand(t, 'echo "release $HOSTENV_RELEASE"; cat; : > "$HOSTENV_DATA_DIR/ran"')
  await sleep(300)
  t.same(told, [])
  await ready.begin()
  t.same(told, ['release 3'])
  t.ok(existsSync(ran))
  await ready[Symbol.asyncDispose]()
  await quiet()
})

t.test('one that fails says so', async (t) => {
  const { ready } = stand(t, 'echo no luck; exit 3')
  await t.rejects(ready.begin(), { message: 'activate failed: exit 3', detail: ['no luck'] })
  await ready[Symbol.asyncDispose]()
})

t.test(
  'one that never begins does nothing, however soon that is known, and leaves no process and no lock',
  async (t) => {
    for (const wait of [0, 5, 50, 200]) {
      const { ready, told, directory, quiet } = stand(t, 'echo began')
      if (wait > 0) await sleep(wait)
      await ready[Symbol.asyncDispose]()
      t.same(told, [])
      t.same(processesOf(directory), [])
      await quiet()
    }
  },
)
