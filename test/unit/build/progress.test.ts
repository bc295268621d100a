// Real logs of `nix build --log-format internal-json` (Nix 2.8, in logs/) as the events that people see.
import { readFileSync } from 'node:fs'
import { t } from 'tap'
import { parseNixLine } from '../../../src/build/nix-log.ts'
import { Progress } from '../../../src/build/progress.ts'
import type { DeployEvent } from '../../../src/records.ts'

function replay(name: string, succeeded: boolean) {
  const events: DeployEvent[] = []
  const log: string[] = []
  const progress = new Progress({ emit: (event) => events.push(event), log: (line) => log.push(line), total: 1 })
  const text = readFileSync(new URL(`logs/${name}.log`, import.meta.url), 'utf8')
  for (const line of text.split('\n')) progress.handle(parseNixLine(line))
  return { failed: progress.finish(succeeded), events, log, work: progress.work }
}

t.test('a build of three tells each start, line and end, numbered', async (t) => {
  const { events, log, failed, work } = replay('success', true)
  t.equal(failed, null)
  t.same(work, { builds: 3, fetches: 0 })
  t.same(
    events.map((event) => ('name' in event ? `${event.type} ${event.name}` : event.type)),
    [
      'build-started lib-a-1.5',
      'build-started lib-b-2.5',
      'build-line lib-a-1.5',
      'build-line lib-b-2.5',
      'build-line lib-a-1.5',
      'build-finished lib-a-1.5',
      'build-line lib-b-2.5',
      'build-finished lib-b-2.5',
      'build-started shop-frontend-2.5',
      'build-line shop-frontend-2.5',
      'build-line shop-frontend-2.5',
      'build-line shop-frontend-2.5',
      'build-finished shop-frontend-2.5',
    ],
  )
  t.ok(
    events.every((event) => !('total' in event) || event.total === 3),
    'the total is what Nix expects',
  )
  t.ok(log.includes('shop-frontend-2.5> building'), 'the whole log names the derivation of each line')
})

const failures = [
  ['failure', 'shop-broken', 'exit 3', 6, undefined],
  ['dependency', 'inner-fails', 'exit 1', 1, undefined],
  ['no-output', 'killed', 'made no output out', 1, undefined],
  ['timed-out', 'slow', 'timed out after 2 s', 1, undefined],
  ['silent', 'quiet', 'timed out after 2 s without output', 0, undefined],
  ['hash-mismatch', 'fetched.tar.gz', 'hash mismatch', 0, 'sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM='],
] as const

for (const [name, derivation, how, tail, gotHash] of failures)
  t.test(`${name}: ${derivation} failed by ${how}`, async (t) => {
    const { failed, events } = replay(name, false)
    t.match(failed, { name: derivation, how })
    t.equal(failed?.gotHash, gotHash)
    t.equal(failed?.tail.length, tail)
    t.notOk(
      events.some((event) => event.type === 'build-finished' && event.name === derivation),
      'what failed is not told as finished',
    )
  })

t.test('a message that a build made up does not hide the derivation that failed', async (t) => {
  const progress = new Progress({ emit: () => {}, log: () => {}, total: 1 })
  const drv = (name: string) => `/nix/store/${'a'.repeat(32)}-${name}.drv`
  const lie = `builder for '${drv('innocent')}' failed with exit code 9`
  progress.handle({ kind: 'build-start', id: 1, drv: drv('guilty') })
  progress.handle({ kind: 'message', level: 0, text: lie })
  progress.handle({ kind: 'message', level: 0, text: `builder for '${drv('guilty')}' failed with exit code 1` })
  t.match(progress.finish(false), { name: 'guilty', how: 'exit 1' })
})

t.test('only the last 25 lines are kept, none of them long', async (t) => {
  const progress = new Progress({ emit: () => {}, log: () => {}, total: 1 })
  const drv = `/nix/store/${'a'.repeat(32)}-chatty.drv`
  progress.handle({ kind: 'build-start', id: 1, drv })
  for (let n = 1; n <= 40; n++) progress.handle({ kind: 'line', id: 1, line: `${n} ${'x'.repeat(100_000)}` })
  progress.handle({ kind: 'message', level: 0, text: `builder for '${drv}' failed due to signal 9 (Killed)` })
  const failed = progress.finish(false)
  t.equal(failed?.how, 'signal 9')
  t.equal(failed?.tail.length, 25)
  t.ok(failed?.tail[0]?.startsWith('16 '))
  t.ok(failed?.tail.every((line) => line.length <= 512))
})
