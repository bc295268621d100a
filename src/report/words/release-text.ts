// One release in detail, for people.
import { printable } from '../../lib/printable.ts'
import type { Release, Since } from '../../records.ts'
import { byteDelta, byteSize, durationText, shortTime } from '../units.ts'
import { table } from './table.ts'

const outcomes: Record<Release['outcome'], string> = {
  live: 'live now',
  superseded: 'kept: rollback goes back to it',
  collected: 'collected: it is not kept any more',
}

/** Lines of a name and what it is; what is not known is left out. */
export function releaseText(release: Release): string[] {
  const { n, project, key, label, commit, tree, storePath, generation, deploy, closureBytes, since, stages } = release
  const { total, ...parts } = stages
  const times = Object.entries(parts).map(([stage, time]) => `${stage} ${durationText(time)}`)
  const rows: (readonly [string, string] | null)[] = [
    ['release', `${n} of ${key} (${project})`],
    label === null ? null : ['label', label],
    ['outcome', outcomes[release.outcome]],
    ['commit', commit],
    ['tree', tree],
    ['by', `${release.by}, ${shortTime(release.at)}`],
    ['took', [total === undefined ? null : durationText(total), ...times].filter((text) => text !== null).join(' · ')],
    ['store path', storePath],
    ['generation', String(generation)],
    closureBytes === null ? null : ['closure', `${byteSize(closureBytes)}${since === null ? '' : delta(since)}`],
    ['log', `logs d${deploy}`],
  ]
  const known = rows.filter((row) => row !== null)
  const changed = since === null ? [] : [`changed since release ${since.release}:`, ...listed(since)]
  return [...table(known), ...changed]
}

function delta({ release, deltaBytes }: Since): string {
  return deltaBytes === 0 ? `, as release ${release}` : `, ${byteDelta(deltaBytes)} since release ${release}`
}

function listed({ changes }: Since): string[] {
  return changes.length === 0 ? ['  no package'] : changes.map((change) => `  ${printable(change)}`)
}
