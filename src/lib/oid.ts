// Object ids as git writes them.
import type { Oid } from '../records.ts'

/** The id that says "no object". */
export const zeroOid: Oid = '0'.repeat(40)

/** True for an id that says "no object". */
export function isZero(oid: Oid): boolean {
  return oid === zeroOid
}

/** The first seven digits, for people. */
export function short(oid: Oid): string {
  return oid.slice(0, 7)
}

/** The branch or tag name of a full ref name. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '')
}
