// What counts as left behind: a process that knows the run's directory, and files in it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { start } from '../../../src/lib/spawn.ts'
import { leftovers, look, processesOf } from '../../helpers/leftovers.ts'
import { tempDir } from '../../helpers/temp-dir.ts'

t.test('a directory that is empty and unknown to every process leaves nothing', async (t) => {
  const run = tempDir(t)
  t.same(await leftovers(look(), run), [])
})

t.test('a process is found by its environment, its arguments and its working directory', async (t) => {
  const run = tempDir(t)
  const env = { PATH: '/usr/bin:/bin' }
  const children = [
    start({ argv: ['sleep', '60'], env: { ...env, SOME_DIR: `${run}/state` } }, ['ignore', 'ignore', 'ignore']),
    start({ argv: ['sh', '-c', 'read -r x', `${run}/state`], env }, ['pipe', 'ignore', 'ignore']),
    start({ argv: ['sleep', '60'], env, cwd: run }, ['ignore', 'ignore', 'ignore']),
  ]
  const ended = children.map((child) => new Promise((resolve) => child.once('close', resolve)))
  t.same(new Set(processesOf(run).map(({ pid }) => pid)), new Set(children.map(({ pid }) => pid)))
  for (const child of children) child.kill('SIGKILL')
  await Promise.all(ended)
  t.same(processesOf(run), [])
})

t.test('a file in the directory is named unless it is expected there', async (t) => {
  const run = tempDir(t)
  mkdirSync(join(run, 'home'))
  writeFileSync(join(run, 'forgotten'), '')
  t.same(await leftovers(look(), run, [join(run, 'home')]), [`file ${join(run, 'forgotten')}`])
})
