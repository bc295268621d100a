// What the settings of one file must be to one another. Pure.
import { normalise } from '../lib/names.ts'
import type { FileSettings } from './file-schema.ts'
import { nearest } from './nearest.ts'
import type { Path, Place } from './parse-file.ts'
import { escaped, type Problem } from './problems.ts'
import { hostNamePattern } from './schema-parts.ts'

/** What a user may be called. */
export const userName = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/

/** Options of nix.conf(5) that the receiver sets itself: its isolation depends on them. */
const ownOptions = new Set(
  [
    ['allow-import-from-derivation', 'allowed-uris', 'allowed-impure-host-deps', 'build-hook', 'build-users-group'],
    ['diff-hook', 'experimental-features', 'extra-experimental-features', 'extra-sandbox-paths', 'filter-syscalls'],
    ['impure-env', 'plugin-files', 'post-build-hook', 'pre-build-hook', 'pure-eval', 'restrict-eval', 'sandbox'],
    [
      'sandbox-build-dir',
      'sandbox-dev-shm-size',
      'sandbox-fallback',
      'sandbox-paths',
      'store',
      'max-build-log-size',
      'build-max-log-size',
    ],
    ['use-sqlite-wal', 'allow-new-privileges', 'nix-path', 'extra-nix-path', 'system', 'log-format'],
  ].flat(),
)

/** Sentences for what contradicts something else in the file. */
export function checkRules(settings: FileSettings, place: Place): Problem[] {
  const problems: Problem[] = []
  const say = (path: Path, message: string, name = false) =>
    problems.push({ ...place(path, name), message: escaped(message) })
  const users = Object.keys(settings.users ?? {})
  const granted = new Map<string, string>()

  if ((settings.domain?.length ?? 0) > 180)
    say(['domain'], 'domain has more than 180 characters; the names of environments come before it.')
  for (const name of users)
    if (!userName.test(name))
      say(['users', name], `${JSON.stringify(name)} is no name for a user; write letters, digits and . _ @ + -`, true)
  for (const name of Object.keys(settings.nix?.options ?? {}))
    if (ownOptions.has(name))
      say(['nix', 'options', name], `nix.options.${name}: the receiver sets this itself; remove the line.`, true)
    else if (!/^[a-z][a-z0-9-]*$/.test(name))
      say(['nix', 'options', name], `${JSON.stringify(name)} is no option of nix.conf.`, true)

  for (const [project, { access = {}, domains = [] }] of Object.entries(settings.projects ?? {})) {
    const due = normalised(project)
    if (due !== project)
      say(
        ['projects', project],
        `${JSON.stringify(project)} is no name for a project; write ${due ?? 'organisation/project'}.`,
        true,
      )
    for (const user of Object.keys(access)) {
      if (users.includes(user)) continue
      const meant = nearest(user, users)
      const help = meant === null ? `Add it to users, with its keys.` : `Did you mean ${meant}?`
      say(['projects', project, 'access', user], `There is no user ${JSON.stringify(user)}. ${help}`, true)
    }
    for (const [index, domain] of domains.entries()) {
      const path = ['projects', project, 'domains', index]
      const own = settings.domain ?? 'localhost'
      if (!hostNamePattern.test(domain.replace(/^\*\./, '')))
        say(
          path,
          `${JSON.stringify(domain)} is no host name; write it in lower case, like shop.example.org or *.example.org.`,
        )
      else if (domain === own || domain.endsWith(`.${own}`))
        say(path, `${domain} is below ${own}, where environments have their own names; grant another one.`)
      else if (granted.has(domain))
        say(path, `${domain} is granted to ${granted.get(domain)} already; remove one of them.`)
      else granted.set(domain, project)
    }
  }
  return problems
}

function normalised(name: string): string | null {
  const [organisation = '', project = '', more] = name.split('/')
  const id = normalise(organisation, project)
  return more !== undefined || id.organisation === '' || id.project === '' ? null : `${id.organisation}/${id.project}`
}
