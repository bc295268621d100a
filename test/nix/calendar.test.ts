// Calendar expressions: the next time that the scheduler finds is the one that systemd itself finds, and what it cannot find is refused.
import { accessSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { mustRun } from '../../src/lib/spawn.ts'
import { repository } from './private-store.ts'

const PATH = '/usr/bin:/bin'
const home = t.testdir()
const renderers = join(repository, 'nix/renderers')

/** The lists of each expression, as the renderer writes them; null where it is refused. */
async function parsed(expressions: readonly string[]): Promise<(Record<string, string> | null)[]> {
  const expression = `map (import ${renderers}/calendar.nix { lib = import ${join(repository, 'nix/lib')}; }).parse
    (builtins.fromJSON ${JSON.stringify(JSON.stringify(expressions)).replaceAll('$', '\\$')})`
  const options = ['--extra-experimental-features', 'nix-command', '--option', 'build-users-group', '']
  const argv = ['nix', ...options, 'eval', '--json', '--impure', '--expr', expression] as const
  return JSON.parse(await mustRun({ argv: [...argv], env: { PATH, HOME: home } }))
}

async function next(lists: Record<string, string>, after: number, zone: string, awk = ['awk']): Promise<number> {
  const { zone: own, ...fields } = lists
  const named = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
  const argv = [...awk, '-f', `${renderers}/next-time.awk`, `after=${after}`, ...named, '/dev/null']
  return Number(await mustRun({ argv: argv as [string, ...string[]], env: { PATH, TZ: own || zone } }))
}

async function theirs(expression: string, after: number, zone: string): Promise<number> {
  const argv = ['systemd-analyze', 'calendar', `--base-time=@${after}`, expression] as const
  const said = await mustRun({ argv: [...argv], env: { PATH, TZ: zone } })
  const at = /\(in UTC\): \S+ (\S+) (\S+) UTC/.exec(said) ?? /Next elapse: \S+ (\S+) (\S+) UTC/.exec(said)
  return Date.parse(`${at?.[1]}T${at?.[2]}Z`) / 1000
}

const systemd = (() => {
  try {
    accessSync('/usr/bin/systemd-analyze')
    return false
  } catch {
    return 'systemd-analyze is not installed'
  }
})()

const understood = [
  ...['minutely', 'hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'semiannually', 'yearly', 'Daily UTC'],
  ...['Mon..Fri 03:00', 'Sat,Sun *-*-1..7 04:00:00', '*:0/15', '*-*-* 04:00:00', '*-02-29 12:30', 'Mon', '04-01'],
  ...[
    '*-*-31 23:59:59',
    '*-1/3-1 5:6',
    '9..17/2:30',
    '*-*-* 02:30:00',
    'Fri 13:00 UTC',
    '*-*-13 *:*:0/20',
    'Fri..Sun 1:2',
  ],
]
// A Saturday; before clocks go forward in Berlin; before they go back, and in either of the two hours that are one; in February.
const moments = [1_795_261_927, 1_774_745_940, 1_792_885_800, 1_792_888_200, 1_792_891_000, 1_835_308_800]

t.test('agrees with systemd about the next time, also where clocks change', { skip: systemd }, async (t) => {
  const lists = await parsed(understood)
  for (const [i, expression] of understood.entries()) {
    const fields = lists[i]
    if (!fields) return t.fail(`${expression} is not understood`)
    for (const moment of moments)
      for (const zone of ['UTC', 'Europe/Berlin'])
        t.equal(
          await next(fields, moment, zone),
          await theirs(expression, moment, zone),
          `${expression} after ${moment} in ${zone}`,
        )
  }
})

t.test('every awk finds the same', async (t) => {
  const [fields] = await parsed(['Mon..Fri 02:30'])
  const busybox = await next(fields ?? {}, 1_774_745_940, 'Europe/Berlin', ['busybox', 'awk'])
  t.equal(busybox, await next(fields ?? {}, 1_774_745_940, 'Europe/Berlin'))
})

t.test('what is not understood is refused, never guessed', async (t) => {
  const strange = [
    ...[
      '',
      'often',
      '2026-01-01',
      '*-*~1',
      '*/15:00',
      '25:00',
      '*:60',
      '*-13-1',
      '*-*-0',
      '5..1:00',
      '*:0/0',
      '12',
      'Sun..Mon',
    ],
    ...[
      'daily Europe/Berlin',
      '@1',
      '03:00 Mon',
      'Mon Tue',
      '*:0:0.5',
      'Mon..',
      'hourly daily',
      '1:2:3:4',
      '*:0/15,',
      '; rm',
    ],
  ]
  for (const [i, lists] of (await parsed(strange)).entries()) t.equal(lists, null, `"${strange[i]}"`)
})
