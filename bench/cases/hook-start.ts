// What git's hooks cost before they do anything: the pre-receive hook with a receiver's answer that is already there.
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start } from '../../src/lib/spawn.ts'
import { root } from '../../test/helpers/programs.ts'
import { type Figure, interleaved } from '../figures.ts'
import type { Setting } from '../setting.ts'

export async function hookStart({ directory, rounds }: Setting): Promise<Figure> {
  const none = join(directory, 'no-hook')
  writeFileSync(none, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const runs = await interleaved(rounds * 5, {
    hostenv: () => hook(join(root, 'hooks/pre-receive'), directory),
    'an empty sh script': () => hook(none, directory),
  })
  return { case: 'start of a hook', runs, unit: 'ms', reach: { ms: 10 } }
}

async function hook(file: string, cwd: string): Promise<number> {
  const nothing = openSync('/dev/null', 'r')
  const begun = performance.now()
  const child = start({ argv: [file], env: { PATH: '/usr/bin:/bin' }, cwd }, [nothing, 'ignore', 'ignore', 'pipe'])
  const talk = child.stdio[3] as import('node:net').Socket
  talk.on('error', () => undefined)
  talk.end('ok\n')
  await new Promise((resolve) => child.once('exit', resolve))
  const took = performance.now() - begun
  closeSync(nothing)
  return took
}
