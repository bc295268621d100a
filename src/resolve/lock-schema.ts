// flake.lock as it may look: sources that are fixed by a hash, from the places that a project may fetch from.
import { z } from 'zod'

const oneLine = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[\x20-\x7e]*$/)
const narHash = z.string().regex(/^sha256-[A-Za-z0-9+/]{43}=$/)
const revision = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/)
/** A word of a URL's path that cannot leave it. */
const word = z.string().regex(/^(?!\.{1,2}$)[A-Za-z0-9_.~-]{1,100}$/)
/** Groups of gitlab are within one another. */
const owner = z
  .string()
  .max(200)
  .refine((text) => text.split(/\/|%2[Ff]/).every((part) => word.safeParse(part).success))
const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i)
const folder = oneLine(1000).refine((path) => !path.startsWith('/') && !path.split('/').includes('..'))
const seconds = z.number().int().nonnegative()

const hub = z.strictObject({
  type: z.enum(['github', 'gitlab', 'sourcehut']),
  owner,
  repo: word,
  rev: revision,
  host: hostName.optional(),
  ...{ narHash, lastModified: seconds.optional(), dir: folder.optional() },
})
const tarball = z.strictObject({
  type: z.literal('tarball'),
  url: oneLine(2000),
  ...{ narHash, lastModified: seconds.optional(), dir: folder.optional() },
  ...{ rev: revision.optional(), revCount: seconds.optional() },
})
const git = z.strictObject({
  type: z.literal('git'),
  url: oneLine(2000),
  rev: revision,
  ref: z
    .string()
    .regex(/^[A-Za-z0-9_.][A-Za-z0-9_./-]{0,199}$/)
    .optional(),
  ...{ narHash, lastModified: seconds.optional(), dir: folder.optional(), revCount: seconds.optional() },
  ...{ submodules: z.boolean().optional(), shallow: z.boolean().optional(), allRefs: z.boolean().optional() },
})
// Its content is the pushed tree's own, so newer versions of Nix write no hash.
const path = z.strictObject({
  type: z.literal('path'),
  path: oneLine(1000),
  ...{ narHash: narHash.optional(), lastModified: seconds.optional(), dir: folder.optional() },
})

/** What an input may be locked to; which hosts and folders is for flake-inputs.ts to say. */
export const lockedSource = z.discriminatedUnion('type', [hub, tarball, git, path])
export type LockedSource = z.infer<typeof lockedSource>

const reference = z.record(z.string().max(50), z.union([oneLine(2000), z.number(), z.boolean()]))
const inputs = z.record(z.string().max(200), z.union([z.string().max(200), z.array(z.string().max(200)).max(50)]))

/** The frame of a lock file; what each node is locked to is parsed on its own, so that it can be refused by its name. */
export const lockFile = z.object({
  version: z.number().int().min(5).max(7),
  root: z.string(),
  nodes: z
    .record(
      z.string().max(200),
      z.object({
        inputs: inputs.optional(),
        locked: z.record(z.string(), z.json()).optional(),
        original: reference.optional(),
        flake: z.boolean().optional(),
        parent: z.array(z.string()).max(50).optional(),
      }),
    )
    .refine((nodes) => Object.keys(nodes).length <= 1000, 'has more than 1000 inputs'),
})
export type LockFile = z.infer<typeof lockFile>

/** A host that is one: neither an address nor a name of this machine's own network. */
export function isPublicHost(host: string): boolean {
  return hostName.safeParse(host).success && !/\.(local|localhost|internal)$/i.test(host)
}
