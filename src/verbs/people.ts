// `users`, `keys` and `access`: who may log in, and who is what in which project. What the configuration file says is its own.
import { isDeepStrictEqual } from 'node:util'
import { accessOf } from '../config/grants.ts'
import { type Access, roles, toAccess } from '../config/roles.ts'
import { userName } from '../config/rules.ts'
import type { Context } from '../context.ts'
import { ownValue } from '../lib/own-value.ts'
import { parseProjectPath, projectName } from '../lib/repositories.ts'
import { Refused } from '../records.ts'
import { isInFile, setPeople } from '../reload.ts'
import type { AdministrationVerbs, Administrator, KeyView } from '../report/words/administration.ts'
import { permit } from '../state/decide.ts'
import { KeyError, parsePublicKey } from '../transport/key.ts'

type PeopleVerbs = Pick<
  AdministrationVerbs,
  'users' | 'addUser' | 'removeUser' | 'keys' | 'addKey' | 'removeKey' | 'access' | 'setAccess'
>

const inFile = (what: string, file: string | null) =>
  new Refused(`${what} is in the configuration file`, {
    help: [`Change it there: ${file ?? 'the flags of hostenv serve'}`],
  })

/** Makes the verbs. Each change is in force when it returns. */
export function makePeople(ctx: Context): PeopleVerbs {
  const { registry } = ctx.state
  const administer = (who: Administrator, subject: string) =>
    permit(ctx.state, who, { action: 'administer', project: null, key: null, subject })
  const inForce = () => setPeople(ctx.state, ctx.config, ctx.keys)
  const known = (name: string) => isInFile(ctx.config, ctx.keys, name)
  const checkUser = (name: string) => {
    if (isUser(ctx, name)) return
    throw new Refused(`there is no user ${name}`, {
      help: ['ssh HOST users lists them; to add one: ssh HOST users add NAME'],
    })
  }

  return {
    users(who) {
      administer(who, 'users list')
      const file = new Set([...Object.keys(ctx.config.users), ...ctx.keys.map(({ user }) => user)])
      const word = registry.people().filter(({ name }) => !file.has(name))
      const keys = allKeys(ctx)
      const count = (name: string) => keys.filter(({ user }) => user === name).length
      const administers = (name: string) =>
        ownValue(ctx.config.users, name)?.administrator ??
        ctx.keys.some((key) => key.user === name && key.administrator)
      return [
        ...[...file].map((name) => ({
          name,
          administrator: administers(name),
          keys: count(name),
          source: 'file' as const,
        })),
        ...word.map(({ name, administrator }) => ({ name, administrator, keys: count(name), source: 'word' as const })),
      ].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    addUser(who, name, administrator) {
      administer(who, `users add ${name}${administrator ? ' --administrator' : ''}`)
      if (!userName.test(name))
        throw new Refused(`${JSON.stringify(name)} is no name for a user`, {
          help: ['Write letters, digits and . _ @ + -'],
        })
      if (known(name)) throw inFile(name, ctx.config.file)
      ctx.state.atomically(() => {
        // Who has this name now need not be who had it in the file: what was said of that one is not theirs.
        if (registry.person(name) === null) registry.removePerson(name)
        registry.setPerson(name, administrator)
      })
      inForce()
    },
    removeUser(who, name) {
      administer(who, `users remove ${name}`)
      if (known(name)) throw inFile(name, ctx.config.file)
      checkUser(name)
      if (name === who.pusher.name)
        throw new Refused('you would remove yourself', { help: ['Another administrator can do that.'] })
      ctx.state.atomically(() => registry.removePerson(name))
      inForce()
    },
    keys(who, user) {
      administer(who, `keys list${user === null ? '' : ` ${user}`}`)
      if (user !== null) checkUser(user)
      return allKeys(ctx).filter((key) => user === null || key.user === user)
    },
    addKey(who, user, line) {
      administer(who, `keys add ${user}`)
      checkUser(user)
      const { fingerprint, algorithm, blob, comment } = parsed(line)
      const owner = allKeys(ctx).find((key) => key.fingerprint === fingerprint)
      if (owner) throw new Refused(`this key is ${owner.user}'s already`, { help: ['A key belongs to one user.'] })
      const text = `${algorithm} ${blob.toString('base64')} ${comment}`.trim()
      ctx.state.atomically(() => {
        // Of somebody who went from the file, if it is there.
        registry.removeKey(fingerprint)
        registry.addKey({ fingerprint, name: user, line: text })
      })
      inForce()
      return { fingerprint, user, comment, source: 'word' }
    },
    removeKey(who, fingerprint) {
      administer(who, `keys remove ${fingerprint}`)
      if (fingerprint === who.pusher.fingerprint)
        throw new Refused('this is the key that you use now', { help: ['Log in with another one to remove it.'] })
      const key = allKeys(ctx).find((one) => one.fingerprint === fingerprint)
      if (!key) throw new Refused(`there is no key ${fingerprint}`, { help: ['ssh HOST keys lists them.'] })
      if (key.source === 'file') throw inFile(`this key of ${key.user}`, ctx.config.file)
      registry.removeKey(fingerprint)
      inForce()
      return key
    },
    access(who, name) {
      const project = projectName(parseProjectPath(name))
      permit(ctx.state, who, { action: 'audit', project, key: null, subject: 'access list' })
      const file = Object.entries(ctx.config.projects[project]?.access ?? {})
      const word = registry
        .access(project)
        .filter(({ name: user }) => isUser(ctx, user) && accessOf(ctx.config, project, user) === null)
      return [
        ...file.map(([user, access]) => ({ project, user, role: accessText(access), source: 'file' as const })),
        ...word.map(({ name: user, role }) => ({ project, user, role, source: 'word' as const })),
      ]
    },
    setAccess(who, name, user, role) {
      const project = projectName(parseProjectPath(name))
      permit(ctx.state, who, { action: 'administer', project, key: null, subject: `access ${user} ${role ?? 'none'}` })
      if (role !== null && !roles.includes(role))
        throw new Refused(`${JSON.stringify(role)} is no role`, { help: [`There are: ${roles.join(', ')}, none`] })
      checkUser(user)
      if (accessOf(ctx.config, project, user) !== null) throw inFile(`what ${user} is in ${project}`, ctx.config.file)
      registry.setAccess(project, user, role)
      inForce()
    },
  }
}

// What is said by word of anybody else has no effect.
function isUser({ config, keys, state }: Context, name: string): boolean {
  return isInFile(config, keys, name) || state.registry.person(name) !== null
}

function allKeys(ctx: Context): KeyView[] {
  const file = ctx.keys.map(({ fingerprint, user, source }) => ({
    fingerprint,
    user,
    comment: source,
    source: 'file' as const,
  }))
  const word = ctx.state.registry
    .keys()
    .filter((key) => isUser(ctx, key.name) && !file.some(({ fingerprint }) => fingerprint === key.fingerprint))
  return [
    ...file,
    ...word.map(({ fingerprint, name, line }) => ({
      ...{ fingerprint, user: name, source: 'word' as const },
      comment: line.split(' ').slice(2).join(' '),
    })),
  ]
}

function parsed(line: string) {
  try {
    return parsePublicKey(line)
  } catch (error) {
    if (error instanceof KeyError) throw new Refused('that is no public key', { detail: [error.message] })
    throw error
  }
}

function accessText(access: Access): string {
  const role = access.production
  if (isDeepStrictEqual(access, toAccess(role))) return role
  return Object.entries(access)
    .map(([type, one]) => `${type}=${one}`)
    .join(' ')
}
