#!/usr/bin/env node
// Where the `hostenv` command starts.
import { runCli } from './cli.ts'

await runCli(process.argv.slice(2))
