// The configuration while a receiver runs: read again when a file changes, put in force where it can be, kept as it was where it is wrong.
import { existsSync } from 'node:fs'
import type { Config } from './config/config.ts'
import { accessOf, canonicalBranch } from './config/grants.ts'
import { inForce } from './config/in-force.ts'
import type { KnownKey } from './config/keys.ts'
import type { Loaded } from './config/load.ts'
import { ConfigError, ConfigProblems } from './config/problems.ts'
import { toAccess } from './config/roles.ts'
import { watchFiles } from './config/watch.ts'
import type { Context } from './context.ts'
import type { DoorThread } from './frontdoor/start-door-thread.ts'
import { git } from './lib/git.ts'
import { ownValue } from './lib/own-value.ts'
import { repositoryPath } from './lib/repositories.ts'
import { mustRun } from './lib/spawn.ts'
import type { State } from './state/state.ts'
import type { SshLimits } from './transport/ssh/types.ts'

/** Reads the configuration as it is now. Throws ConfigError when it cannot be used. */
export type ConfigSource = () => Loaded

/** The settings of a running receiver. `config` is replaced as a whole: ask again each time. */
export class Settings {
  readonly #source: ConfigSource
  /** Lays limits of a test over those that were read. */
  readonly #adjust: (config: Config) => Config
  #loaded: Loaded

  constructor(source: ConfigSource, adjust: (config: Config) => Config) {
    this.#source = source
    this.#adjust = adjust
    const loaded = source()
    this.#loaded = { ...loaded, config: adjust(loaded.config) }
  }

  get config(): Config {
    return this.#loaded.config
  }

  get loaded(): Loaded {
    return this.#loaded
  }

  /** Reads everything again. Throws ConfigError, and keeps what holds, when it cannot be used. Answers what has to wait. */
  reload(): readonly string[] {
    const next = this.#source()
    const { config, waiting } = inForce(this.#loaded.config, this.#adjust(next.config))
    this.#loaded = { ...next, config }
    return waiting
  }
}

/** Whether the file or the flags name this user. */
export function isInFile(config: Pick<Config, 'users'>, keys: readonly KnownKey[], name: string): boolean {
  return Object.hasOwn(config.users, name) || keys.some(({ user }) => user === name)
}

/** Tells the record who is who, by the configuration and by word; to be called after each change of either. */
export function setPeople(state: State, config: Config, keys: readonly KnownKey[]): void {
  const { registry, people } = state
  const named = new Map(registry.people().map(({ name, administrator }) => [name, administrator]))
  const administers = (name: string) => ownValue(config.users, name)?.administrator ?? named.get(name) ?? false
  people.setOperators({
    // The file wins: what it says of a key or a person, no word changes.
    users: new Map([
      // Keys and roles by word may be those of a user who went from the file: what nobody has opens nothing.
      ...registry
        .keys()
        .filter(({ name }) => named.has(name) || isInFile(config, keys, name))
        .map(({ fingerprint, name }) => [fingerprint, { user: name, administrator: administers(name) }] as const),
      ...keys.map(({ fingerprint, user, administrator }) => [fingerprint, { user, administrator }] as const),
    ]),
    access: (project, user) => {
      const role = registry.roleOf(project, user)
      return accessOf(config, project, user) ?? (role === null ? null : toAccess(role))
    },
  })
}

/** Points HEAD of existing repositories where their project's canonical branch is now. */
export async function setCanonicalBranches({ stateDir, projects }: Config, path: string): Promise<void> {
  for (const name of Object.keys(projects)) {
    const repository = repositoryPath(stateDir, name)
    if (!existsSync(repository)) continue
    await mustRun(git(repository, path, ['symbolic-ref', 'HEAD', `refs/heads/${canonicalBranch({ projects }, name)}`]))
  }
}

export interface Following {
  /** Reads everything again now, as at SIGHUP. */
  reload(): Promise<void>
  close(): Promise<void>
}

/** What of a running receiver hears of new settings; everything else asks `ctx.config` each time. */
export interface Concerned {
  readonly ctx: Context
  /** The one object that the SSH server reads its limits from. */
  readonly sshLimits: SshLimits
  readonly frontDoor: Pick<DoorThread, 'changed'>
}

async function putInForce({ config, loaded }: Settings, { ctx, sshLimits, frontDoor }: Concerned): Promise<void> {
  setPeople(ctx.state, config, loaded.keys)
  ctx.state.audit.most = config.limits.auditLines
  Object.assign(sshLimits, config.limits.ssh)
  await frontDoor.changed()
  ctx.evaluations.recount()
  ctx.builds.recount()
  await setCanonicalBranches(config, ctx.host.path)
}

/** Follows the files, and puts what changed in force. Logs what it does, and never throws because of a file. */
export async function follow(settings: Settings, concerned: Concerned): Promise<Following> {
  const { log } = concerned.ctx
  let last = Promise.resolve()
  let followed: readonly string[] = []
  const followFiles = async (more: readonly string[] = []) => {
    followed = [...settings.loaded.files, ...more]
    await files.follow(followed)
  }
  const once = async (): Promise<void> => {
    try {
      const waiting = settings.reload()
      await putInForce(settings, concerned)
      await followFiles()
      log.info({ files: settings.loaded.files.length }, 'configuration reloaded')
      for (const setting of waiting) log.warn({ setting }, `${setting} takes effect at the next start`)
    } catch (error) {
      if (!(error instanceof ConfigError))
        return void log.error({ err: error }, 'the configuration could not be reloaded')
      const wrong = error instanceof ConfigProblems ? error : null
      // A key file may come after the file that names it, even before the watch stands: then it is read, and what stands with it holds.
      if (wrong?.files.some((file) => !followed.includes(file))) {
        await followFiles(wrong.files)
        return once()
      }
      log.error(
        wrong === null ? {} : { problems: wrong.problems },
        `configuration not reloaded, the last good one stays in force: ${error.message}`,
      )
    }
  }
  // One after another: an older reading never replaces a newer one.
  const reload = () => {
    last = last.then(once)
    return last
  }
  const files = watchFiles(
    () => void reload(),
    (error) => log.error({ err: error }, 'the configuration files cannot be watched; SIGHUP reloads them'),
  )
  await followFiles()
  return {
    reload,
    async close() {
      await last
      await files.close()
    },
  }
}
