// A git that is killed in the middle of a hook: the push ends all the same, and the hook with it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { receivePack } from '../../../src/receive/receive-pack.ts'
import { processesOf } from '../../helpers/leftovers.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

t.test('killed before its hook has said what is pushed', { timeout: 60_000 }, async (t) => {
  const bin = tempDir(t)
  // The hook holds all that git gave it, and waits for words of the receiver (hooks/proc-receive).
  const hook = `sh -c 'cat <&5 >&2; : ${bin}' &\nprintf 0013version=1 >&4\nkill -9 $$\n`
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${hook}`, { mode: 0o755 })
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), gitProtocol: null }
  const ended = await receivePack(
    { ...io, closed: new AbortController().signal },
    {
      ...{ repository: bin, hooksDir: bin, path: `${bin}:${path}`, limits: { refsPerPush: 1, packBytes: 1 } },
      ...{ tooLarge: [], waiting: () => undefined, lines: (all) => all },
      decide: async () => {
        t.fail('nothing is to be decided')
        return null
      },
    },
  )
  t.match(ended, { code: null, signal: 'SIGKILL' })
  t.same(
    processesOf(bin).filter(({ command }) => command.startsWith('sh')),
    [],
    'the hook has ended',
  )
})
