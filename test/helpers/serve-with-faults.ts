// `hostenv` with faults: HOSTENV_FAULTS is `POINT=ACTION` or `POINT@WHICH=ACTION`, separated by commas.
// POINT is S0–S8 (docs/architecture.md), WHICH a deploy's number or `org/project` as it is normalised. ACTION: `kill` (SIGKILL to
// this process), `throw`, `sleep:MILLISECONDS`, `gate:FILE` (until that file is gone), or `hold` (for ever). Each that is reached is
// told in a line on stderr.
// HOSTENV_CLOCK is a file with milliseconds that are added to the time that the lives of previews are counted by.
// HOSTENV_OVERRIDES is JSON with other overrides of src/server.ts: `{"limits": {…}, "seenByBuilds": ["/var/lib"]}`.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCli } from '../../src/cli.ts'

const faults = (process.env.HOSTENV_FAULTS ?? '').split(',').filter(Boolean).map(parse)
const args = process.argv.slice(2)
const clock = process.env.HOSTENV_CLOCK
const stateDir = args[args.indexOf('--state') + 1] ?? '.'

await runCli(args, {
  ...JSON.parse(process.env.HOSTENV_OVERRIDES ?? '{}'),
  ...(clock === undefined ? {} : { now: () => Date.now() + Number(readFileSync(clock, 'utf8')) }),
  fault: async (point, deploy) => {
    for (const fault of faults) {
      if (fault.point !== point) continue
      if (fault.which !== null && fault.which !== String(deploy) && fault.which !== projectOf(deploy)) continue
      process.stderr.write(`fault ${point} d${deploy} ${projectOf(deploy)}\n`)
      if (fault.action === 'kill') process.kill(process.pid, 'SIGKILL')
      if (fault.action === 'throw') throw new Error(`a fault at ${point}`)
      if (fault.action === 'hold') await new Promise(() => setInterval(() => undefined, 60_000))
      if (fault.action.startsWith('sleep:')) await sleep(Number(fault.action.slice('sleep:'.length)))
      if (fault.action.startsWith('gate:')) while (existsSync(fault.action.slice('gate:'.length))) await sleep(20)
    }
  },
})

function projectOf(deploy: number): string {
  using db = new DatabaseSync(join(stateDir, 'hostenv.db'), { readOnly: true })
  const row = db.prepare('SELECT project FROM deploy WHERE id = ?').get(deploy) as { project: string } | undefined
  return row?.project ?? '?'
}

function parse(text: string): { point: string; which: string | null; action: string } {
  const match = /^(S[0-8])(?:@([a-z0-9/-]+))?=(kill|throw|hold|sleep:\d+|gate:.+)$/.exec(text)
  if (!match?.[1] || !match[3]) throw new Error(`HOSTENV_FAULTS: ${text}`)
  return { point: match[1], which: match[2] ?? null, action: match[3] }
}
