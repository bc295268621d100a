#!/usr/bin/env node
// Where the `hostenv` command starts. What Node makes of the source is kept in the user's own cache: a start is more than twice as quick
// with it, and the receiver smaller, as nothing has to take the types out again.
import { mkdirSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { cacheDirectory } from './config/env.ts'

// A receiver lives long beside what it serves: V8 keeps fewer short-lived objects then, a third of its memory. Only an argument says so.
const young = '--max-semi-space-size=2'
if (process.argv[2] === 'serve' && !process.execArgv.includes(young))
  process.execve?.(process.execPath, [process.execPath, young, ...process.execArgv, ...process.argv.slice(1)])

const directory = cacheDirectory()
if (directory !== null) {
  try {
    // Code comes from there: nobody else may write it.
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    enableCompileCache(directory)
  } catch {
    // A home that cannot be written: then it starts as at the first time.
  }
}
const { runCli } = await import('./cli.ts')
// A receiver may not get to its end.
flushCompileCache()
await runCli(process.argv.slice(2))
