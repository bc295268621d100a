// A git that is killed in the middle of a hook: the push ends all the same, and the hook with it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { receivePack } from '../../../src/receive/receive-pack.ts'
import { processesOf } from '../../helpers/leftovers.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

/** Runs a git that does what the script says; nothing of its push may be decided. */
async function withGit(t: Test, bin: string, script: string, patience?: number) {
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}`, { mode: 0o755 })
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), gitProtocol: null }
  return await receivePack(
    { ...io, closed: new AbortController().signal },
    {
      ...{ repository: bin, hooksDir: bin, path: `${bin}:${path}`, limits: { refsPerPush: 1, packBytes: 1 } },
      ...{ tooLarge: [], waiting: () => undefined, lines: (all) => all },
      ...(patience === undefined ? {} : { patience }),
      decide: async () => {
        t.fail('nothing is to be decided')
        return null
      },
    },
  )
}

t.test('killed before its hook has said what is pushed', { timeout: 60_000 }, async (t) => {
  const bin = tempDir(t)
  // The hook holds all that git gave it, and waits for words of the receiver (hooks/proc-receive).
  const hook = `sh -c 'cat <&5 >&2; : ${bin}' &\nprintf 0013version=1 >&4\nkill -9 $$\n`
  t.match(await withGit(t, bin, hook), { code: null, signal: 'SIGKILL' })
  t.same(
    processesOf(bin).filter(({ command }) => command.startsWith('sh')),
    [],
    'the hook has ended',
  )
})

t.test('whose hook was killed, and left behind what git waits for', { timeout: 60_000 }, async (t) => {
  const bin = tempDir(t)
  // The first hook is answered; of the second only what carries the receiver's words is left, and git reads its end of that.
  const first = "printf '.\\n' >&3\nread -r verdict <&3\n"
  const second = "sh -c 'cat <&5 >&2 & kill -9 $$' 2>&1 | cat > /dev/null\nexit 1\n"
  t.match(await withGit(t, bin, first + second, 300), { code: 1, signal: null })
})
