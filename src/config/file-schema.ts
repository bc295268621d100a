// The configuration file: what it may say, in which words. An `error` here is what the setting takes, told after "takes".
import { z } from 'zod'
import { isLimit, type Limit, type Limits, limitTable } from './limits.ts'
import { formerNames, roles } from './roles.ts'
import { address, flag, group, hostNamePattern, list, path, said, text } from './schema-parts.ts'
import { parseSize, parseTime, sizeText, timeText } from './units.ts'

const user = z
  .strictObject(
    {
      role: z
        .enum(['administrator', 'member'], { error: 'administrator or member' })
        .meta({
          description:
            'An administrator may do everything in every project; a member what `projects` and the projects themselves allow.',
          default: 'member',
        })
        .optional(),
      keys: list(
        'a public key as in FILE.pub',
        'Public keys, each a line as in FILE.pub.',
        'ssh-ed25519 AAAA… alice@laptop',
      ),
      keyFiles: list(
        'the path of a file with public keys',
        'Files with public keys, one on a line; relative paths start at this file. They are read again when they change.',
        'keys/alice.pub',
      ),
    },
    { error: said('settings below it (keys: …)') },
  )
  .meta({ description: 'A person or a machine that pushes.' })

const takesRole = `${roles.join(', ')}, or a role for each type (production: viewer)`
const roleByType = z.enum(roles.slice(0, 3) as ['viewer', 'deployer', 'maintainer'], {
  error: 'viewer, deployer or maintainer',
})
const access = z.union(
  [
    z.enum([...roles, ...(Object.keys(formerNames) as (keyof typeof formerNames)[])], { error: takesRole }),
    z.strictObject({
      production: roleByType.optional(),
      testing: roleByType.optional(),
      development: roleByType.optional(),
    }),
  ],
  { error: takesRole },
)

const project = z
  .strictObject(
    {
      canonicalBranch: text(
        'the name of a branch, like main',
        /^(?!-)(?!.*(\.\.|\/\/|@\{|\.lock$|\/$|\.$))[A-Za-z0-9._/+@-]{1,200}$/,
        "The branch whose newest accepted commit says what the project's branches mean and who may push them.",
        'main',
      ),
      access: z
        .record(z.string(), access, { error: 'a line for each user (alice: deployer)' })
        .meta({
          description:
            'What users are here, each role with the rights of those before it. `viewer`: see, fetch and read logs; `deployer`: also deploy, roll back, restart, and run commands; `maintainer`: also protected environments, deletions and force pushes of production, and who may do what; `administrator`: also make the first push, which creates the project. One role for all environments, or one by type. `read`, `push` and `administer` are former names of `viewer`, `deployer` and `administrator`.',
          examples: [{ alice: 'deployer', bob: { production: 'viewer', testing: 'maintainer' } }],
        })
        .optional(),
      deploys: z
        .boolean({ error: 'true or false' })
        .meta({
          description:
            'false: the project is only kept. Its branches and tags move as in any git server; nothing is evaluated or run, and who is a maintainer here may push.',
          default: true,
        })
        .optional(),
      domains: list(
        'a host name',
        'Host names that the project may serve beside its own, each granted to one project; `*.example.org` grants every name below.',
        'shop.example.org',
      ),
    },
    { error: said('settings below it (access: …)') },
  )
  .meta({ description: 'What the operator decides about one project.' })

const nixOption = z.union([z.string(), z.number(), z.boolean()], { error: 'a text, a number, or true or false' })

export const fileSchema = z.strictObject(
  {
    listen: group(
      {
        ssh: address('Where SSH listens.', '127.0.0.1:2222'),
        http: address('Where the front door listens.', '127.0.0.1:8080'),
      },
      'Addresses that the receiver listens on.',
    ),
    domain: text(
      'a host name in lower case, like apps.example.org',
      hostNamePattern,
      'Environments are served as PROJECT-KEY-HASH.DOMAIN (shop-main-4f7240c.apps.example.org); wildcard DNS leads there. Commands that the receiver prints name it where SSH listens on every address.',
      'apps.example.org',
      'localhost',
    ),
    state: path(
      'Where repositories, profiles and the record live. Default: hostenv in the XDG state directory.',
      '/var/lib/hostenv',
    ),
    runtime: path(
      'Where sockets live; at most 53 bytes. Default: $XDG_RUNTIME_DIR/hostenv; without that variable /run/hostenv for root, /tmp/hostenv-UID for others.',
      '/run/hostenv',
    ),
    host: group(
      {
        local: group(
          { trustProjects: flag('Run projects without a sandbox where bwrap is missing.') },
          'Environments run as the user of the receiver, each in a sandbox.',
        ),
      },
      'Where environments live; `local` is the one kind there is.',
    ),
    nix: group(
      {
        store: z
          .enum(['auto', 'machine', 'private'], { error: 'auto, machine or private' })
          .meta({
            description:
              "`machine`: /nix; `private`: inside the state directory; `auto`: the machine's where this user can use it. A private store builds everything itself unless `nix.options.substituters` names a cache.",
            default: 'auto',
          })
          .optional(),
        packages: path(
          "A nixpkgs that projects get as `pkgs`: the folder of one that was unpacked, or its store path. Default: this machine's own programs.",
          '/nix/store/…-nixpkgs',
        ),
        allowUnsandboxedBuilds: flag('Take pushes from everybody though builds can see this machine.'),
        allowedGitHosts: list(
          'a host name',
          "Hosts from which inputs of a project's flake may come by git over https or ssh.",
          'git.example.org',
        ),
        options: z
          .record(z.string(), nixOption, { error: 'a line for each option of nix.conf (cores: 2)' })
          .meta({
            description:
              'Options of nix.conf(5) for every Nix command of the receiver, but for those that its isolation depends on.',
            examples: [{ cores: 2 }],
          })
          .optional(),
      },
      'How projects are evaluated and built.',
    ),
    log: z
      .enum(['file', 'stderr', 'journald'], { error: 'file, stderr or journald' })
      .meta({
        description:
          "Where the receiver's own log goes: STATE/log/hostenv.log, standard error, or standard error with journald's priorities.",
        default: 'file',
      })
      .optional(),
    users: z
      .record(z.string(), user, { error: 'a name for each user, with settings below it' })
      .meta({
        description:
          "Who may log in. Where there is no administrator here and no --admin-key, the invoking user's own keys are administrators'.",
      })
      .optional(),
    projects: z
      .record(z.string(), project, { error: 'organisation/project for each project, with settings below it' })
      .meta({ description: 'Projects by their name, organisation/project, in lower case and without hyphens.' })
      .optional(),
    limits: z
      .strictObject(limitShape(limitTable), { error: said('a line for each limit (evaluationTime: 60s)') })
      .meta({ description: 'Every limit. Times and sizes have their unit.' })
      .optional(),
  },
  { error: said('settings, each on a line of its own (domain: …)') },
)

type Partially<T> = { readonly [K in keyof T]?: (T[K] extends number ? number : Partially<T[K]>) | undefined }

/** A configuration file that was read: limits in milliseconds and bytes. */
export type FileSettings = Omit<z.output<typeof fileSchema>, 'limits'> & {
  readonly limits?: Partially<Limits> | undefined
}

function limitShape(table: object): Record<string, z.ZodType> {
  const entries = Object.entries(table).map(([name, entry]: [string, object]) => [
    name,
    isLimit(entry)
      ? limitSchema(entry).optional()
      : z
          .strictObject(limitShape(entry), { error: said('limits below it') })
          .meta({ description: `Limits of the ${name === 'ssh' ? 'SSH server' : 'front door'}.` })
          .optional(),
  ])
  return Object.fromEntries(entries)
}

function limitSchema({ unit, value, least, most, says }: Limit): z.ZodType {
  if (unit === 'count') {
    const takes = `a whole number from ${least} to ${most}`
    return z
      .int({ error: takes })
      .min(least, { error: takes })
      .max(most, { error: takes })
      .meta({ description: says, default: value })
  }
  const [parse, show, what] = unit === 'time' ? [parseTime, timeText, 'time'] : [parseSize, sizeText, 'size']
  const takes = `a ${what} with its unit, like ${show(value)}, from ${show(least)} to ${show(most)}`
  const pattern = unit === 'time' ? /^\d+(\.\d+)? ?(ms|s|m|h|d)$/ : /^\d+(\.\d+)? ?(B|KiB|MiB|GiB|TiB)$/
  return z
    .string({ error: takes })
    .regex(pattern, { error: takes, abort: true })
    .meta({ description: says, default: show(value) })
    .transform((written, ctx) => {
      const parsed = parse(written)
      if (parsed !== null && parsed >= least && parsed <= most) return parsed
      ctx.issues.push({ code: 'custom', message: takes, input: written })
      return z.NEVER
    })
}
