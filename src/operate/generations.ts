// Which generations of which profiles a state directory has, and which of them somebody may want to go back to.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { currentGeneration, generationPath, profilePath } from '../activate/profile.ts'
import type { State } from '../state/state.ts'

export interface Generation {
  readonly userName: string
  /** The profile's link; the generation's is `PROFILE-N-link`. */
  readonly profile: string
  readonly n: number
  readonly storePath: string
  /** Whether a release stands on it, or it is the current one, or a deploy of its environment is not finished. */
  readonly wanted: boolean
}

/** Every generation of every environment in the record. */
export function allGenerations(state: State, stateDir: string): Generation[] {
  const open = state.deploys.open()
  return state.environments.all().flatMap((row) => {
    const profile = profilePath({ stateDir }, row.user_name)
    const busy = open.some(({ project, key }) => project === row.project && (key === row.key || key === null))
    const released = new Set(state.environments.kept(row.project, row.key).map(({ generation }) => generation))
    return numbers(profile).flatMap((n) => {
      const storePath = generationPath(profile, n)
      const wanted = busy || released.has(n) || n === currentGeneration(profile)
      return storePath === null ? [] : [{ userName: row.user_name, profile, n, storePath, wanted }]
    })
  })
}

/** The link of a generation. */
export function generationLink({ profile, n }: Pick<Generation, 'profile' | 'n'>): string {
  return join(dirname(profile), `profile-${n}-link`)
}

function numbers(profile: string): number[] {
  let names: string[]
  try {
    names = readdirSync(dirname(profile))
  } catch {
    return []
  }
  return names.flatMap((name) => /^profile-(\d+)-link$/.exec(name)?.[1] ?? []).map(Number)
}
