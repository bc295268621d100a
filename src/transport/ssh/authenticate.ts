// Judges one authentication request: a known key, and a signature of it that verifies. Nothing else logs in.
import type { AuthContext } from 'ssh2'
import type { Pusher } from '../../records.ts'
import { readBlob } from '../key.ts'
import type { SshHandlers } from './types.ts'

/** `offer`: the key is known but nothing is proven (RFC 4252, 7); the client may go on and sign. */
export type Judgement = { readonly is: 'refused' | 'offer' } | { readonly is: 'proven'; readonly pusher: Pusher }

const REFUSED: Judgement = { is: 'refused' }

/** Judges a request without answering it. Throws only what `identify` throws. */
export function judge(request: AuthContext, identify: SshHandlers['identify']): Judgement {
  if (request.method !== 'publickey') return REFUSED
  // ssh2 says ssh-rsa for all RSA signatures and leaves the hash out for SHA-1.
  if (request.key.algo === 'ssh-rsa' && request.hashAlgo === undefined) return REFUSED
  const key = read(request.key.algo, request.key.data)
  if (!key) return REFUSED
  const pusher = identify({ algorithm: key.algorithm, blob: key.blob, fingerprint: key.fingerprint })
  if (!pusher) return REFUSED
  if (!request.signature) return { is: 'offer' }
  if (!request.blob || !key.verify(request.blob, request.signature, request.hashAlgo)) return REFUSED
  return { is: 'proven', pusher }
}

function read(type: string, blob: Buffer) {
  try {
    // A copy: ssh2 hands out a slice of its packet buffer.
    return readBlob(type, Buffer.from(blob))
  } catch {
    return null
  }
}
