// Keeps repositories small by themselves: what one push may bring under its repository's quota, and a collection after it.
import { clearRepository } from '../lib/clear-up.ts'
import { addRefusedBytes, collectRepository, type RepositorySize, refusedBytes, repositorySize } from '../lib/git-gc.ts'

export interface TidyOptions {
  readonly path: string
  readonly limits: {
    readonly packBytes: number
    readonly repositoryBytes: number
    readonly collectPacks: number
    readonly collectLoose: number
    readonly collectRefusedBytes: number
    readonly collectTime: number
  }
  /** Whether a deploy of this project is on its way: what it counts on may not be reachable yet. */
  readonly busy: (project: string) => boolean
  readonly closing: AbortSignal
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** What a push may bring. Sizes in bytes. */
export interface Room {
  readonly used: number
  /** For `receive.maxInputSize`: never 0, which would mean no limit to git; at least what a push without objects needs. */
  readonly packBytes: number
  /** True when the quota is what limits this push, and not the size of any one push. */
  readonly full: boolean
  /** Bytes of refused pushes among `used`. */
  readonly refused: number
}

/** What a push left behind. */
export interface PushLeft {
  /** Bytes that it brought, when a ref of it was refused after they were taken in. */
  readonly refused: number
  /** Whether it did not fit. */
  readonly tooLarge: boolean
  /** Whether git was killed, and could clear up nothing of its own. */
  readonly killed: boolean
}

/** A pack without objects has 32 bytes (gitformat-pack(5)): branches to known commits, and deletions, always work. */
const smallestPack = 64
/** Of the quota: from here on everything that may have freed something is collected at once. */
const nearlyFull = 0.9

export class Tidy {
  readonly #options: TidyOptions
  readonly #running = new Map<string, Promise<void>>()
  /** Bytes after the last collection: nothing is collected twice for the same reason. */
  readonly #after = new Map<string, number>()

  constructor(options: TidyOptions) {
    this.#options = options
  }

  /** The collection that runs in a repository now, to wait for. */
  running(repository: string): Promise<void> | null {
    return this.#running.get(repository) ?? null
  }

  async room(repository: string): Promise<Room> {
    const { packBytes, repositoryBytes } = this.#options.limits
    const { bytes: used } = await repositorySize(repository)
    const left = Math.max(smallestPack, repositoryBytes - used)
    return {
      used,
      refused: await refusedBytes(repository),
      packBytes: Math.min(packBytes, left),
      full: left < packBytes,
    }
  }

  /** Counts what a push left behind, and collects when it is time. Never throws. */
  async afterPush(repository: string, project: string, { refused, tooLarge, killed }: PushLeft): Promise<void> {
    try {
      if (killed) await clearRepository(repository, this.#options.path)
      if (refused > 0) await addRefusedBytes(repository, refused)
      if (this.#options.closing.aborted || this.#running.has(repository) || this.#options.busy(project)) return
      const size = await repositorySize(repository)
      const due = this.#isDue(size, await refusedBytes(repository))
      const needed = tooLarge || size.bytes > this.#options.limits.repositoryBytes * nearlyFull
      if (!due && !(needed && this.#after.get(repository) !== size.bytes)) return
      const work = this.#collect(repository)
      this.#running.set(repository, work)
      await work
    } catch (error) {
      this.#options.log.error({ repository, err: error }, 'a repository could not be collected')
    } finally {
      this.#running.delete(repository)
    }
  }

  #isDue({ packs, loose }: RepositorySize, refused: number): boolean {
    const { collectPacks, collectLoose, collectRefusedBytes } = this.#options.limits
    return packs > collectPacks || loose > collectLoose || refused > collectRefusedBytes
  }

  async #collect(repository: string): Promise<void> {
    const { path, limits, log, closing } = this.#options
    const started = performance.now()
    // Another push holds the lock: its own end looks again.
    if (!(await collectRepository(repository, path, 0, { time: limits.collectTime, signal: closing }))) return
    const size = await repositorySize(repository)
    this.#after.set(repository, size.bytes)
    log.info({ repository, ...size, duration: Math.round(performance.now() - started) }, 'repository collected')
  }
}
