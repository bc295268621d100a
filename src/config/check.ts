// `hostenv check`: what is wrong with a configuration file, told before it is used.
import { resolve } from 'node:path'
import type { Env } from './env.ts'
import type { ReadKey } from './keys.ts'
import { type Loaded, loadConfig } from './load.ts'
import { ConfigError } from './problems.ts'

/** Loads a file as `serve --config FILE` would. Answers what to print, and whether the file is good. */
export function check(
  file: string,
  env: Env,
  readKey: ReadKey,
): { readonly good: boolean; readonly lines: readonly string[] } {
  try {
    return { good: true, lines: summary(file, loadConfig({ config: file }, env, readKey)) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { good: false, lines: error.message.split('\n') }
  }
}

function summary(file: string, { config, keys }: Loaded): string[] {
  const administrators = new Set(keys.filter(({ administrator }) => administrator).map(({ user }) => user))
  return [
    `${file} is good.`,
    `State          ${resolve(config.stateDir)}`,
    `SSH            ${config.ssh.host}:${config.ssh.port}`,
    `Front door     ${config.http.host}:${config.http.port}, *.${config.domain}`,
    `Administrators ${[...administrators].join(', ')}`,
    `Users          ${Object.keys(config.users).length} with ${keys.length} keys in all`,
    `Projects       ${Object.keys(config.projects).length}`,
  ]
}
