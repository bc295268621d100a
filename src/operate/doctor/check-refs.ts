// The refs of one project against the record: what is live, every release, and every branch as it was last accepted.
import { existsSync } from 'node:fs'
import { git } from '../../lib/git.ts'
import { isZero, short } from '../../lib/oid.ts'
import { repositoryPath } from '../../lib/repositories.ts'
import { run } from '../../lib/spawn.ts'
import { type Finding, gitIn, type Patient, quoted } from './finding.ts'

/** Compares the refs of a project; answers how many there are, too. */
export async function checkRefs(patient: Patient, project: string): Promise<{ found: Finding[]; refs: number }> {
  const repository = repositoryPath(patient.stateDir, project)
  const wanted = wantedRefs(patient, project)
  const where = project
  if (!existsSync(repository)) {
    // Of a first push that was refused nothing is kept but the environment's row.
    if ([...wanted.values()].every((commit) => commit === null)) return { found: [], refs: 0 }
    const mend = 'restore a backup, or push every branch again: the first push makes it anew'
    return { found: [{ where, what: `its repository ${repository} is gone`, mend }], refs: 0 }
  }
  const listed = await run(git(repository, patient.path, ['for-each-ref', '--format=%(objectname) %(refname)']))
  if (listed.code !== 0) {
    const why = listed.stderr.trim().split('\n').at(-1) ?? ''
    return {
      found: [{ where, what: `git cannot read ${repository}: ${why}`, mend: `${gitIn(repository)} fsck` }],
      refs: 0,
    }
  }
  const has = new Map(
    listed.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(41), line.slice(0, 40)]),
  )
  const found: Finding[] = []
  for (const [ref, commit] of wanted) {
    const now = has.get(ref)
    if ((now ?? null) === commit) continue
    found.push({ where, ...difference(repository, ref, now ?? null, commit) })
  }
  for (const [ref, commit] of has)
    if (!wanted.has(ref)) found.push({ where, ...difference(repository, ref, commit, null) })
  return { found, refs: has.size }
}

function difference(repository: string, ref: string, now: string | null, commit: string | null) {
  const name = ref.replace(/^refs\/(heads|tags)\//, '')
  const is = now === null ? 'is missing' : `is at ${short(now)}`
  const should = commit === null ? 'the record knows of no such ref' : `the record says ${short(commit)}`
  const set = commit === null ? `update-ref -d ${quoted(ref)}` : `update-ref ${quoted(ref)} ${commit}`
  const branch = name !== ref
  return {
    what: `${ref} ${is}; ${should}${branch ? ` (somebody ${commit === null ? 'made' : 'moved'} it by hand)` : ''}`,
    mend: `${gitIn(repository)} ${set}${branch && commit !== null ? '   (or push it again)' : ''}`,
  }
}

// null: must not be there.
function wantedRefs({ state }: Patient, project: string): Map<string, string | null> {
  const refs = new Map<string, string | null>()
  for (const { key } of state.environments.ofProject(project)) {
    refs.set(`refs/hostenv/live/${key}`, state.environments.liveRelease(project, key)?.commit ?? null)
    for (const release of state.environments.kept(project, key))
      refs.set(`refs/hostenv/releases/${key}/${release.n}`, release.commit)
  }
  for (const row of state.deploys.lastOfEachRef(project)) refs.set(row.ref, isZero(row.new) ? null : row.new)
  return refs
}
