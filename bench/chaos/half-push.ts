// A push that goes as far as one likes, and does what no git does.
import { join } from 'node:path'
import { start } from '../../src/lib/spawn.ts'
import { sshArgv } from '../../test/helpers/keys.ts'
import { cleanEnv } from '../../test/helpers/programs.ts'
import { type RawCommand, request } from '../../test/helpers/raw-push.ts'
import type { Receiver } from '../../test/helpers/receiver.ts'
import type { Random } from './random.ts'

export interface Stop {
  readonly at:
    | 'connected'
    | 'advertised'
    | 'half the commands'
    | 'commands'
    | 'half the pack'
    | 'all'
    | 'garbage for a pack'
    | 'a pack with a wrong byte'
  readonly does: 'waits' | 'stops reading' | 'hangs up' | 'ends what it says'
}

export interface HalfPush {
  /** Hangs up if it has not, and waits until ssh has ended. */
  end(): Promise<void>
}

/** Resolves once it has said what it will ever say. */
export async function halfPush(
  receiver: Receiver,
  name: string,
  { command, pack, stop, chance }: { command: RawCommand; pack: Buffer; stop: Stop; chance: Random },
): Promise<HalfPush> {
  const ssh = sshArgv(receiver.key, join(receiver.directory, 'known_hosts'))
  const argv: [string, ...string[]] = [...ssh, '-p', `${receiver.sshPort}`, 'git@127.0.0.1']
  const child = start({ argv: [...argv, `git-receive-pack '${name}.git'`], env: cleanEnv(receiver.home) }, [
    'pipe',
    'pipe',
    'ignore',
  ])
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('ssh was started without pipes')
  const ended = new Promise((resolve) => child.once('close', resolve))
  stdin.on('error', () => undefined)
  const advertised = new Promise<void>((resolve) => {
    let tail = ''
    stdout.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('latin1')).slice(-4)
      if (tail === '0000') resolve()
    })
    void ended.then(() => resolve())
  })
  if (stop.at !== 'connected') await advertised
  if (stop.does === 'stops reading') stdout.pause()
  stdin.write(said(command, pack, stop.at, chance))
  if (stop.does === 'hangs up') child.kill('SIGKILL')
  if (stop.does === 'ends what it says') stdin.end()
  return {
    end: async () => {
      child.kill('SIGKILL')
      stdout.resume()
      await ended
    },
  }
}

function said(command: RawCommand, pack: Buffer, at: Stop['at'], chance: Random): Buffer {
  const commands = request({ commands: [command], pack: null })
  const part = (bytes: Buffer) => bytes.subarray(0, chance.whole(1, bytes.length))
  const wrong = Buffer.from(pack)
  const byte = chance.whole(12, pack.length)
  wrong[byte] = (wrong[byte] ?? 0) ^ 0x41
  const bytes: Readonly<Record<Stop['at'], readonly Buffer[]>> = {
    connected: [],
    advertised: [],
    'half the commands': [part(commands)],
    commands: [commands],
    'half the pack': [commands, part(pack)],
    all: [commands, pack],
    'garbage for a pack': [commands, Buffer.from(Array.from({ length: 5000 }, () => chance.whole(0, 256)))],
    'a pack with a wrong byte': [commands, wrong],
  }
  return Buffer.concat(bytes[at])
}
