// Which hostenv this is: the version of its package.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../../package.json')

/** `0.1.0` */
export const version = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
