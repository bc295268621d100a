// The commands that an operator types beside `serve`: doctor, gc, backup, restore, upgrade-state.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Command } from 'commander'
import { ConfigError, directories, type ServeFlags } from '../config/config.ts'
import { readEnv } from '../config/env.ts'
import { byteSize } from '../report/units.ts'
import { holdState, openReadOnly } from '../state/database.ts'
import { migrations } from '../state/migrations.ts'
import { schemaVersion, upgrade } from '../state/upgrade.ts'
import { backUp } from './backup.ts'
import { diagnosisText } from './doctor/diagnosis-text.ts'
import { examine } from './doctor/doctor.ts'
import { collectGarbage } from './gc.ts'
import { plural } from './quantities.ts'
import { restore } from './restore.ts'

type Where = Pick<ServeFlags, 'state' | 'runtime'>
type Option = readonly [string, string]

const wait = ['--wait <seconds>', 'how long to wait for deploys that are on their way', '300'] as const

/** Adds them. `state` and `runtime` are the options that every command shares. */
export function addOperatorCommands(program: Command, state: Option, runtime: Option): void {
  const say = (line: string) => void process.stdout.write(`${line}\n`)

  program
    .command('doctor')
    .description(
      'compare record, profiles, refs, services and front door; where something differs, say what mends it and exit 1',
    )
    .option(...state)
    .option(...runtime)
    .option('--json', 'print what was found as JSON')
    .action(async (flags: Where & { json?: boolean }) => {
      const found = await examine(directories(flags, readEnv()), readEnv())
      process.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : diagnosisText(found))
      if (!found.healthy) process.exitCode = 1
    })

  program
    .command('gc')
    .description('remove what nobody needs any more: store paths, objects of refused pushes, old logs; never a release')
    .option(...state)
    .option(...runtime)
    .option('--dry-run', 'only show what would go')
    .option('--log-days <days>', 'logs of deploys that are older go', '90')
    .option(...wait)
    .action(async (flags: Where & { dryRun?: boolean; logDays: string; wait: string }) => {
      const dirs = existing(flags)
      await collectGarbage(dirs, readEnv(), {
        ...{ dryRun: flags.dryRun ?? false, say },
        ...{ logDays: whole('--log-days', flags.logDays), wait: whole('--wait', flags.wait) },
      })
    })

  program
    .command('backup')
    .description("write the receiver's own state to a new file: record, repositories, host key, releases")
    .argument('<file>', 'a tar archive that does not exist yet; it holds the host key, so keep it secret')
    .option(...state)
    .option(...runtime)
    .option('--no-store', 'leave the releases themselves out; they are built again when they are pushed again')
    .option(...wait)
    .action(async (file: string, flags: Where & { store: boolean; wait: string }) => {
      const options = { store: flags.store, wait: whole('--wait', flags.wait) }
      const done = await backUp(existing(flags), readEnv(), resolve(file), options)
      const generations = done.manifest.profiles.flatMap((profile) => profile.generations).length
      say(`${resolve(file)}: ${byteSize(done.bytes)}`)
      say(
        `  ${repositories(done.manifest.repositories.length)}, ${plural(generations, 'release generation')}, ${plural(done.storePaths, 'store path')}`,
      )
      say('  Not in it: what environments keep (data, state and home in STATE/env/*), their secrets,')
      say('  the configuration file with its key files, and the flags of hostenv serve.')
    })

  program
    .command('restore')
    .description('make a backup the state of an empty machine')
    .argument('<file>', 'what hostenv backup wrote')
    .option(...state)
    .option(...runtime)
    .option('--nix-store <which>', 'machine or private (default: as it was)')
    .action(async (file: string, flags: Where & { nixStore?: string }) => {
      const { nixStore: store } = flags
      if (store !== undefined && store !== 'machine' && store !== 'private')
        throw new ConfigError(`--nix-store takes machine or private here, not '${store}'.`)
      const { stateDir } = directories(flags, readEnv())
      const done = await restore(stateDir, readEnv(), resolve(file), store)
      say(`${stateDir} is as it was at ${done.manifest.at}.`)
      say(`  ${repositories(done.manifest.repositories.length)}, ${plural(done.generations, 'release generation')}`)
      if (done.missing.length > 0)
        say(`  ${plural(done.missing.length, 'release')} not in the store: push those commits again to run them.`)
      say('Put back what environments kept (data, state and home in STATE/env/*) and their secrets,')
      say('then start hostenv serve with its configuration and its flags as they were.')
    })

  program
    .command('upgrade-state')
    .description('bring the record to the schema of this version now, as the next serve would; a copy is kept')
    .option(...state)
    .option('--check', 'only say whether there is something to do, and exit 1 if there is')
    .action((flags: Where & { check?: boolean }) => upgradeState(existing(flags).stateDir, flags.check ?? false, say))
}

function upgradeState(stateDir: string, check: boolean, say: (line: string) => void): void {
  if (check) {
    const db = openReadOnly(stateDir)
    const now = schemaVersion(db)
    db.close()
    say(`The record has schema ${now}; this hostenv knows ${migrations.length}.`)
    if (now !== migrations.length) process.exitCode = 1
    return
  }
  using _held = holdState(stateDir)
  const db = new DatabaseSync(join(stateDir, 'hostenv.db'))
  try {
    const { from, to, copy } = upgrade(db, stateDir)
    say(from === to ? `Nothing to do: the record has schema ${to}.` : `Upgraded from schema ${from} to ${to}.`)
    if (copy !== null) say(`The record as it was: ${copy}`)
  } finally {
    db.close()
  }
}

/** Where the state and the sockets of a receiver are. Throws ConfigError where there is no state. */
export function existing(flags: Where): { stateDir: string; runtimeDir: string } {
  const dirs = directories(flags, readEnv())
  if (!existsSync(join(dirs.stateDir, 'hostenv.db')))
    throw new ConfigError(`There is no receiver's state in ${dirs.stateDir}: name its directory with --state DIR.`)
  return dirs
}

function whole(flag: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new ConfigError(`${flag} takes a whole number, not '${text}'.`)
  return Number(text)
}

function repositories(count: number): string {
  return `${count} ${count === 1 ? 'repository' : 'repositories'}`
}
