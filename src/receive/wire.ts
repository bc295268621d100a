// What a client says first: the commands of its push and its capabilities, read in passing (gitprotocol-pack(5)).
import { Transform } from 'node:stream'
import type { RefUpdate } from '../records.ts'
import { PktError, takePkt } from './pkt-line.ts'
import { parseCommand } from './ref-name.ts'

/** More than this much before the first flush is no push that anybody makes. */
const maxHead = 1024 ** 2

export interface WireHead {
  readonly commands: readonly RefUpdate[]
  /** What is wrong with the head itself, or null. */
  readonly problem: string | null
  /** Whether the client's own clone is shallow. */
  readonly shallow: boolean
  /** Whether the client asked for no progress: its stderr is no terminal, or -q, or --no-progress (git-push(1)). */
  readonly quiet: boolean
}

/** Passes bytes through unchanged and remembers the head. git reads the same bytes: this is for comparing, not for deciding alone. */
export class WireTap extends Transform {
  #bytes: Buffer = Buffer.alloc(0)
  #commands: RefUpdate[] = []
  #problem: string | null = null
  #whole = false
  #shallow = false
  #quiet = false
  #size = 0

  /** True when the client has sent nothing at all. */
  get silent(): boolean {
    return this.#size === 0
  }

  /** Bytes that have passed. */
  get size(): number {
    return this.#size
  }

  get head(): WireHead {
    const problem = this.#problem ?? (this.#whole ? null : 'the push has no list of refs')
    return { commands: this.#commands, problem, shallow: this.#shallow, quiet: this.#quiet }
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#size += chunk.length
    if (!this.#whole && this.#problem === null) this.#read(chunk)
    this.push(chunk)
    done()
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    try {
      for (;;) {
        const taken = takePkt(this.#bytes)
        if (!taken) break
        this.#bytes = taken.rest
        if (taken.pkt.kind === 'flush') {
          this.#whole = true
          this.#bytes = Buffer.alloc(0)
          return
        }
        this.#line(taken.pkt.payload)
      }
    } catch (error) {
      this.#problem =
        error instanceof PktError ? `the list of refs is malformed (${error.message})` : 'the list of refs is malformed'
    }
    if (this.#bytes.length > maxHead || this.#commands.length > 20_000) this.#problem = 'the list of refs is too long'
  }

  #line(payload: Buffer): void {
    const nul = payload.indexOf(0)
    // The capabilities stand behind the first command only (gitprotocol-pack(5), update-requests).
    if (nul !== -1 && this.#commands.length === 0)
      this.#quiet = payload
        .toString('latin1', nul + 1)
        .trim()
        .split(' ')
        .includes('quiet')
    const text = decode(nul === -1 ? payload : payload.subarray(0, nul))
    if (text === null) {
      this.#problem = 'a ref name is not UTF-8'
      return
    }
    const line = text.endsWith('\n') ? text.slice(0, -1) : text
    if (line.startsWith('shallow ')) {
      this.#shallow = true
      return
    }
    const command = parseCommand(line)
    if (command) this.#commands.push(command)
    else this.#problem = 'a line of the list of refs is malformed'
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
