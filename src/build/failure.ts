// Reads Nix's error messages: which derivation failed, and how. The wording differs over versions; samples are in the tests.
import { stripVTControlCharacters } from 'node:util'
import { sizeText } from '../config/units.ts'

export interface BuildFailure {
  readonly drv: string
  /** `exit 1`, `signal 9`, `timed out after 2 s`, … : what fits after the name. */
  readonly how: string
  readonly gotHash?: string
}

const STORE_DRV = /\/nix\/store\/[0-9a-z]{32}-[A-Za-z0-9+\-._?=]+?\.drv/

/** What an error message of Nix says about one derivation, or null where it tells nothing of its own (as of one whose input failed). */
export function readFailure(message: string): BuildFailure | null {
  const text = stripVTControlCharacters(message)
  const drv = STORE_DRV.exec(text)?.[0]
  if (drv === undefined) return null
  const how = readHow(text)
  if (how === null) return null
  const got = /^\s*got:\s+(\S+)/m.exec(text)?.[1]
  return how === 'hash mismatch' && got !== undefined ? { drv, how, gotHash: got } : { drv, how }
}

function readHow(text: string): string | null {
  if (/hash mismatch in fixed-output derivation/.test(text)) return 'hash mismatch'
  const exit = /failed with exit code (-?\d+)/.exec(text)
  if (exit) return `exit ${exit[1]}`
  const signal = /failed due to signal (\d+)/.exec(text)
  if (signal) return `signal ${signal[1]}`
  const time = /timed out after (\d+) seconds( of silence)?/.exec(text)
  if (time) return `timed out after ${time[1]} s${time[2] ? ' without output' : ''}`
  const output = /failed to produce output path for output '([^']*)'/.exec(text)
  if (output) return `made no output ${output[1]}`
  const log = /killed after writing more than (\d+) bytes of log/.exec(text)
  if (log) return `wrote more than ${sizeText(Number(log[1]))} of log (limits.derivationLogBytes)`
  const system = /a '([^']*)' with features|required system or feature|platform mismatch/i.exec(text)
  if (system) return 'needs another kind of machine'
  if (/dependenc(?:y|ies) .*failed|dependenc(?:y|ies) failed/s.test(text)) return null
  const reason = /Reason: (.+?)\.?$/m.exec(text)
  return reason?.[1] === undefined ? null : reason[1]
}
