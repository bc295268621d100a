// A push beside what its git and its client do: killed hooks end it, and git's first words come as one.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { receivePack } from '../../../src/receive/receive-pack.ts'
import { processesOf } from '../../helpers/leftovers.ts'
import { path } from '../../helpers/programs.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

interface Given {
  readonly patience?: number
  readonly stdout?: Writable
}

/** Runs a git that does what the script says; nothing of its push may be decided. */
async function withGit(t: Test, bin: string, script: string, { patience, stdout }: Given = {}) {
  writeFileSync(join(bin, 'git'), `#!/bin/sh\n${script}`, { mode: 0o755 })
  const stdin = new PassThrough()
  const io = { stdin, stdout: stdout ?? new PassThrough(), stderr: new PassThrough(), gitProtocol: null }
  return await receivePack(
    { ...io, closed: new AbortController().signal },
    {
      ...{
        repository: bin,
        hooksDir: bin,
        path: `${bin}:${path}`,
        limits: { refsPerPush: 1, packBytes: 1, gitMemory: 2 ** 30 },
      },
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
  t.match(await withGit(t, bin, first + second, { patience: 300 }), { code: 1, signal: null })
})

t.test('that says its first words in pieces: the client gets them as one', async (t) => {
  const told: string[] = []
  const stdout = new Writable({
    writev(chunks, done) {
      told.push(chunks.map(({ chunk }) => String(chunk)).join(''))
      done()
    },
  })
  const said = 'printf 000bcapabi; sleep 0.1; printf 0000; sleep 0.1; printf report\n'
  await withGit(t, tempDir(t), said, { stdout })
  t.same(told, ['000bcapabi0000', 'report'])
})

t.test('that ends before its first words do: the client gets what there is', async (t) => {
  const stdout = new PassThrough()
  await withGit(t, tempDir(t), 'printf 000bcap\n', { stdout })
  stdout.end()
  t.equal(String(Buffer.concat(await stdout.toArray())), '000bcap')
})
