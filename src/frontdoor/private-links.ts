// Reaches an environment's socket without trusting its directory: the environment can put anything there at any moment,
// so it is reached through a hard link in a directory of ours (lib/own-socket.ts).

import { lstatSync } from 'node:fs'
import { mkdir, rm, unlink } from 'node:fs/promises'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { linkOwnSocket } from '../lib/own-socket.ts'
import type { Paused } from './paused-page.ts'
import type { HostRules } from './virtual-host.ts'

/** An environment as the front door reaches it. */
export interface Route {
  /** The environment's user name. */
  readonly userName: string
  /** RUNTIME/upstream/<user name>, where the environment puts its `in.sock`. */
  readonly upstreamDir: string
  /** Who must own the socket. */
  readonly uid: number
  /** What the host name's settings ask for; left out where there are none at all. */
  readonly host?: HostRules
  /** Where nothing of it is live, and it waits to be woken. */
  readonly paused?: Paused
}

/** One checked socket. `path` is in our own directory; the agent keeps connections to it open. */
export interface Door {
  readonly path: string
  readonly agent: Agent
  readonly file: string
}

interface Entry extends Door {
  /** Where the environment has it. */
  readonly socket: string
  used: number
}

/** Bytes of a socket's path (unix(7): sun_path is 108 with its end). */
const MAX_PATH = 107
/** Connections to one environment that are kept for the next request: fewer than come at once would make one anew for most. */
const MAX_FREE = 256
/** Milliseconds after which an unused door is closed. */
const UNUSED = 5 * 60_000

export class PrivateLinks {
  readonly #dir: string
  readonly #entries = new Map<string, Entry>()
  readonly #opening = new Map<string, Promise<Door>>()
  #made = 0

  /** `dir`: a directory for us alone, on the file system of the sockets. Throws when paths in it would be too long for a socket. */
  constructor(dir: string) {
    this.#dir = dir
    if (Buffer.byteLength(this.#path(Number.MAX_SAFE_INTEGER)) > MAX_PATH)
      throw new Error(`${dir} is too long for sockets in it: use a shorter runtime directory`)
  }

  /** Makes the directory anew: links of an earlier run are gone. */
  async open(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true })
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
  }

  /** The door to an environment where it is open and leads to what is there now; else null. */
  known(route: Route): Door | null {
    const entry = this.#entries.get(route.upstreamDir)
    if (entry === undefined || entry.file !== identity(entry.socket)) return null
    entry.used = Date.now()
    return entry
  }

  /** The door to an environment, opened where it has to be. Throws when there is no socket that may be connected to. */
  async door(route: Route): Promise<Door> {
    const known = this.known(route)
    if (known !== null) return known
    const opening = this.#opening.get(route.upstreamDir)
    if (opening !== undefined) return opening
    const opened = this.#link(route).finally(() => this.#opening.delete(route.upstreamDir))
    this.#opening.set(route.upstreamDir, opened)
    return opened
  }

  /** Forgets a door that nobody answers at. */
  async forget(route: Route, door: Door): Promise<void> {
    const entry = this.#entries.get(route.upstreamDir)
    if (entry === undefined || entry.path !== door.path) return
    this.#entries.delete(route.upstreamDir)
    await retire(entry)
  }

  /** Closes doors that nobody came through for five minutes, or whose socket is gone. */
  async sweep(now = Date.now()): Promise<void> {
    for (const [upstreamDir, entry] of this.#entries) {
      if (identity(entry.socket) === entry.file && now - entry.used < UNUSED) continue
      if (this.#entries.get(upstreamDir) === entry) this.#entries.delete(upstreamDir)
      await retire(entry)
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    for (const { agent } of this.#entries.values()) agent.destroy()
    this.#entries.clear()
    await rm(this.#dir, { recursive: true, force: true })
  }

  async #link(route: Route): Promise<Door> {
    const path = this.#path(++this.#made)
    linkOwnSocket(route.upstreamDir, route.uid, path)
    const before = this.#entries.get(route.upstreamDir)
    this.#entries.delete(route.upstreamDir)
    if (before !== undefined) await retire(before)
    // How many requests there are at once is the front door's to limit.
    const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_FREE, timeout: 0 })
    const socket = join(route.upstreamDir, 'in.sock')
    // Making a link changes the file's ctime, and so does removing the one before where it is the same file.
    const file = identity(path)
    if (file === null) throw Object.assign(new Error(`${path} is gone`), { code: 'ENOENT' })
    const entry: Entry = { path, agent, file, socket, used: Date.now() }
    this.#entries.set(route.upstreamDir, entry)
    return entry
  }

  #path(n: number): string {
    return join(this.#dir, n.toString(36))
  }
}

// Looked at for every request: a turn of the thread pool would cost ten times what lstat(2) on this file system does. Null where there is
// nothing, or nothing that may be looked at: the environment can close its directory.
function identity(path: string): string | null {
  try {
    const { dev, ino, ctimeNs } = lstatSync(path, { bigint: true })
    return `${dev}:${ino}:${ctimeNs}`
  } catch {
    return null
  }
}

// Requests on their way end by themselves; idle connections do not stay.
async function retire({ agent, path }: Entry): Promise<void> {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  agent.maxFreeSockets = 0
  await unlink(path).catch(() => {})
}
