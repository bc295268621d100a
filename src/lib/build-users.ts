// Users that Nix builds as, where the receiver is root and the machine has none: as root, a build could write the kernel's settings.
// Only Nix sees them, in its own view of /etc; nothing is added to the machine.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The group that nix.conf(5) names by default. */
export const buildUsersGroup = 'nixbld'

/** Files that stand for /etc/passwd and /etc/group. */
export interface Accounts {
  readonly passwd: string
  readonly group: string
}

/** As many builds run at once at most. */
const users = 16
/** Where installers of Nix begin to count. */
const firstId = 30_000

/** Writes both files into `folder`: what the machine has, and build users with ids that nobody has. */
export function writeBuildUsers(folder: string): Accounts {
  const passwd = lines('/etc/passwd')
  const group = lines('/etc/group')
  const taken = new Set([...passwd, ...group].map((line) => Number(line.split(':')[2])))
  let gid = firstId
  while (Array.from({ length: users + 1 }, (_, n) => gid + n).some((id) => taken.has(id))) gid += 1000
  const names = Array.from({ length: users }, (_, n) => `${buildUsersGroup}${n + 1}`)
  const added = names.map((name, n) => `${name}:x:${gid + 1 + n}:${gid}:Nix build user:/var/empty:/usr/sbin/nologin`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const accounts = { passwd: join(folder, 'build-passwd'), group: join(folder, 'build-group') }
  writeFileSync(accounts.passwd, `${[...passwd, ...added].join('\n')}\n`, { mode: 0o644 })
  writeFileSync(accounts.group, `${[...group, `${buildUsersGroup}:x:${gid}:${names.join(',')}`].join('\n')}\n`, {
    mode: 0o644,
  })
  return accounts
}

// Without what is there of the kind already: a group without members, say.
function lines(file: string): string[] {
  const all = readFileSync(file, 'utf8').split('\n')
  return all.filter((line) => line !== '' && !line.startsWith(buildUsersGroup))
}
