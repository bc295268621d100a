// SSH key pairs, made by the real ssh-keygen, and the ssh command line that uses one and nothing of the developer's.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../src/lib/spawn.ts'
import { cleanEnv } from './programs.ts'

export interface Key {
  /** The private half's file; the public one is beside it. */
  readonly file: string
  readonly publicFile: string
  /** `ssh-ed25519 AAAA… name` */
  readonly publicKey: string
  /** `SHA256:…` */
  readonly fingerprint: string
}

/** Makes a key pair without passphrase in `directory`. */
export async function makeKey(directory: string, name = 'alice', type = 'ed25519'): Promise<Key> {
  const file = join(directory, name)
  const env = cleanEnv(directory)
  await mustRun({ argv: ['ssh-keygen', '-q', '-t', type, '-N', '', '-C', name, '-f', file], env })
  const listed = await mustRun({ argv: ['ssh-keygen', '-l', '-f', `${file}.pub`], env })
  return {
    file,
    publicFile: `${file}.pub`,
    publicKey: readFileSync(`${file}.pub`, 'utf8').trim(),
    fingerprint: listed.split(' ')[1] ?? '',
  }
}

/** The ssh client with one key: no configuration, agent, other keys, questions or known hosts but those in `knownHosts`. */
export function sshArgv(key: Key, knownHosts: string): [string, ...string[]] {
  const options = [
    `UserKnownHostsFile=${knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=accept-new',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'LogLevel=ERROR',
  ]
  return ['ssh', '-F', 'none', '-i', key.file, ...options.flatMap((option) => ['-o', option])]
}
