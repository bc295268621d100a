// What a project's flake gets for its input `site`, as a folder of the store: the operator's record, and the library.
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inScratch } from '../lib/scratch.ts'
import { mustRun } from '../lib/spawn.ts'
import type { ProjectId } from '../records.ts'
import type { EvaluateContext } from './evaluate.ts'

const known = new Map<string, string>()

/** Answers the store path of a project's `site`, adding it where it is not there; it is the same for all of its pushes. */
export async function siteTree(ctx: EvaluateContext, project: ProjectId): Promise<string> {
  const { nix, library, stateDir } = ctx
  const { packages, ...plain } = { ...ctx.site, ...project }
  const record = JSON.stringify(plain)
  const id = JSON.stringify([nix.privateStore, library, packages, record])
  const before = known.get(id)
  if (before !== undefined && existsSync(nix.realPath(before))) return before
  const path = await inScratch(stateDir, 'site-', async (folder) => {
    await writeFile(join(folder, 'site.json'), record)
    await writeFile(join(folder, 'default.nix'), file(library, packages))
    return (await mustRun(nix.query(['store', 'add-path', '--name', 'source', folder]))).trim()
  })
  known.set(id, path)
  return path
}

// In a private store Nix finds a path only where it is known to be one of the store's. Only store paths are interpolated.
function file(library: string, packages: string | null): string {
  const path = (text: string) => `builtins.appendContext "${text}" { "${text}".path = true; }`
  return `builtins.fromJSON (builtins.readFile ./site.json) // {
  packages = ${packages === null ? 'null' : path(packages)};
  library = import (${path(library)});
}
`
}
