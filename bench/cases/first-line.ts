// How long a pusher looks at nothing: from the end of the pack to the first `remote:` line. Both moments are the client's own, told by
// git's trace: pack-objects has ended (its last bytes are still on their way then, so what is measured is a little more than what is
// promised), and the first packet of the sideband that is for the eyes.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../src/lib/spawn.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import type { Figure } from '../figures.ts'
import { benchProject, changeOneLine } from '../project.ts'
import type { Setting } from '../setting.ts'

export async function firstLine({ ending, directory, receiver, rounds }: Setting): Promise<Figure> {
  const project = await benchProject(ending)
  const events = join(directory, 'trace2.json')
  const packets = join(directory, 'trace-packet')
  const env = {
    ...cleanEnv(project.directory),
    // Packets are traced in local time, events in UTC.
    ...{ TZ: 'UTC', GIT_TRACE2_EVENT: events, GIT_TRACE_PACKET: packets },
    GIT_SSH_COMMAND: receiver.sshCommand(),
  }
  const one = async () => {
    for (const file of [events, packets]) rmSync(file, { force: true })
    const ran = await run({
      argv: ['git', 'push', receiver.url('acme/firstline'), 'main'],
      cwd: project.directory,
      env,
    })
    if (ran.code !== 0) throw new Error(ran.stderr)
    return between(readFileSync(events, 'utf8'), readFileSync(packets, 'utf8'))
  }
  await one()
  const took: number[] = []
  for (let n = 0; n < rounds; n++) {
    await changeOneLine(project, n)
    took.push(await one())
  }
  return { case: 'from the end of the pack to the first line', runs: { hostenv: took }, unit: 'ms', reach: { ms: 100 } }
}

const day = 86_400_000

function between(events: string, packets: string): number {
  const told = events
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const isPack = ({ event, argv }: Record<string, unknown>) =>
    event === 'child_start' && Array.isArray(argv) && argv.includes('pack-objects')
  const child = told.find(isPack)?.child_id
  const ended = told.find(({ event, child_id }) => event === 'child_exit' && child_id === child)?.time
  // `12:34:56.789012 pkt-line.c:80 packet: sideband< \2-----> …`
  const line = /^([\d:]+\.\d+) .*sideband< \\2.*[^\\0-7\s]/m.exec(packets)?.[1]
  if (typeof ended !== 'string' || line === undefined) throw new Error('git tells neither its pack nor a line')
  const first = Date.parse(`${ended.slice(0, 11)}${line}Z`)
  const took = preciseTime(line, first) - preciseTime(ended.slice(11), Date.parse(ended))
  return took < -day / 2 ? took + day : took
}

// Date.parse keeps milliseconds; both clocks tell microseconds.
function preciseTime(text: string, milliseconds: number): number {
  return milliseconds + Number(`0.${/\.\d{3}(\d*)/.exec(text)?.[1] || '0'}`)
}
