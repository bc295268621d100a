// Holds a fetch back until what it asks for is known to be reachable: an object of a refused push is nobody's to read.
// git itself does not look: "Wants can be anything and are not limited to advertised objects" (gitprotocol-v2(5), fetch).
import { Transform } from 'node:stream'
import type { Oid } from '../records.ts'

/** A request with more than this is nobody's: about 600,000 objects by name. */
const maxRequest = 32 * 1024 ** 2

/** Of `git fetch --unshallow` (INFINITE_DEPTH in shallow.h). */
const infinite = 0x7fff_ffff

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
      if (line.startsWith('want ')) this.#wants.push(wanted(line))
      if (line.startsWith('deepen ')) this.#bound(line)
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

  // The line that was read last asks for history so deep. Where it asks for all, git takes every `shallow` line for one whose parents are
  // wanted, whether a ref reaches it or not (upload-pack.c, deepen). One less is as deep as any history, and follows what is wanted only.
  #bound(line: string): void {
    const depth = /^deepen ([1-9]\d{0,9})\n?$/.exec(line)?.[1]
    if (depth === undefined || Number(depth) > infinite) throw new Error('a depth that git could read otherwise')
    if (Number(depth) === infinite) this.#bytes.write(String(infinite - 1), this.#read - line.length + 'deepen '.length)
  }

  // The start of the next pkt-line, '' for a flush, null when it is not whole yet. What is malformed git refuses by itself.
  #line(): string | null {
    const rest = this.#bytes.subarray(this.#read)
    if (rest.length < 4) return null
    const digits = rest.toString('latin1', 0, 4)
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new Error('not a pkt-line length')
    const length = Number.parseInt(digits, 16)
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

// git reads 40 digits, also A to F, and takes whatever follows them (hex.c). What honest clients say is an id, a space or the end of the
// line; anything else is refused, so that nothing is read in two ways.
function wanted(line: string): Oid {
  const oid = /^want ([0-9a-f]{40})(?:[ \n]|$)/i.exec(line)?.[1]
  if (oid === undefined) throw new Error('a want without an id')
  return oid.toLowerCase()
}
