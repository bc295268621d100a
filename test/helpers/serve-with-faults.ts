// `hostenv` with faults: HOSTENV_FAULTS is `POINT=ACTION` or `POINT@DEPLOY=ACTION`, separated by commas.
// POINT is S0–S8 (docs/architecture.md). ACTION: `kill` (SIGKILL to this process), `throw`, or `sleep:MILLISECONDS`.
import { setTimeout as sleep } from 'node:timers/promises'
import { runCli } from '../../src/cli.ts'

const faults = (process.env.HOSTENV_FAULTS ?? '').split(',').filter(Boolean).map(parse)

await runCli(process.argv.slice(2), {
  fault: async (point, deploy) => {
    for (const fault of faults) {
      if (fault.point !== point || (fault.deploy !== null && fault.deploy !== deploy)) continue
      if (fault.action === 'kill') process.kill(process.pid, 'SIGKILL')
      if (fault.action === 'throw') throw new Error(`a fault at ${point}`)
      if (fault.action.startsWith('sleep:')) await sleep(Number(fault.action.slice('sleep:'.length)))
    }
  },
})

function parse(text: string): { point: string; deploy: number | null; action: string } {
  const match = /^(S[0-8])(?:@(\d+))?=(kill|throw|sleep:\d+)$/.exec(text)
  if (!match?.[1] || !match[3]) throw new Error(`HOSTENV_FAULTS: ${text}`)
  return { point: match[1], deploy: match[2] === undefined ? null : Number(match[2]), action: match[3] }
}
