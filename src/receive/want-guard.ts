// Holds a fetch back until what it asks for is known to be reachable: an object of a refused push is nobody's to read.
// git itself does not look: "Wants can be anything and are not limited to advertised objects" (gitprotocol-v2(5), fetch).
import { Transform } from 'node:stream'
import type { Oid } from '../records.ts'

/** A request with more than this is nobody's: about 600,000 objects by name. */
const maxRequest = 32 * 1024 ** 2

/** Git's own words, which its clients know. */
export class NotReachable extends Error {
  constructor(oid: Oid) {
    super(`not our ref ${oid}`)
  }
}

/** Passes a client's requests on to git upload-pack, each when its wants were looked at. Ends with the error NotReachable. */
export class WantGuard extends Transform {
  readonly #everyRequest: boolean
  readonly #check: (wants: readonly Oid[]) => Promise<Oid | null>
  #bytes: Buffer = Buffer.alloc(0)
  /** How much of `#bytes` was read as pkt-lines. */
  #read = 0
  #wants: Oid[] = []
  #open = false

  /** `check` answers the first object that is not reachable, or null. */
  constructor(gitProtocol: string | null, check: (wants: readonly Oid[]) => Promise<Oid | null>) {
    super()
    // Version 2 is a row of requests, each with a flush at its end. Before it wants come once, in front of the first flush.
    this.#everyRequest = gitProtocol?.split(':').includes('version=2') ?? false
    this.#check = check
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.#open) return void done(void this.push(chunk))
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    if (this.#bytes.length > maxRequest) return void done(new Error('a request without an end'))
    this.#requests().then(() => done(), done)
  }

  async #requests(): Promise<void> {
    while (!this.#open) {
      const line = this.#line()
      if (line === null) return
      const want = /^want ([0-9a-f]{40})(?![0-9a-f])/.exec(line)
      if (want?.[1]) this.#wants.push(want[1])
      if (line !== '') continue
      const missing = this.#wants.length === 0 ? null : await this.#check([...new Set(this.#wants)])
      if (missing !== null) throw new NotReachable(missing)
      this.push(this.#bytes.subarray(0, this.#read))
      this.#bytes = this.#bytes.subarray(this.#read)
      this.#read = 0
      this.#wants = []
      this.#open = !this.#everyRequest
    }
    this.push(this.#bytes)
    this.#bytes = Buffer.alloc(0)
  }

  // The start of the next pkt-line, '' for a flush, null when it is not whole yet. What is malformed git refuses by itself.
  #line(): string | null {
    const rest = this.#bytes.subarray(this.#read)
    if (rest.length < 4) return null
    const length = Number.parseInt(rest.toString('latin1', 0, 4), 16)
    if (!(length >= 0)) throw new Error('not a pkt-line length')
    // 0001 and 0002 have no payload either (gitprotocol-v2(5), packet-line framing).
    if (length < 4) {
      this.#read += 4
      return length === 0 ? '' : 'delimiter'
    }
    if (rest.length < length) return null
    this.#read += length
    // An empty payload is not a flush.
    return rest.toString('latin1', 4, Math.min(length, 64)) || 'empty'
  }
}
