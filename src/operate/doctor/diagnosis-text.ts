// A diagnosis as an operator reads it.
import { printable } from '../../lib/printable.ts'
import { plural } from '../quantities.ts'
import type { Diagnosis } from './doctor.ts'

/** Lines for a terminal, without control characters. */
export function diagnosisText({ facts, findings, compared, busy }: Diagnosis): string {
  const { projects, environments, refs } = compared
  const lines = [
    `hostenv ${facts.hostenv} · schema ${facts.schema} · Node ${facts.node} · Nix ${facts.nix} · SQLite ${facts.sqlite}`,
    `Receiver  ${facts.receiver}`,
    `State     ${facts.state}, ${facts.free} free`,
    `Store     ${facts.store}`,
    `Compared  ${plural(projects, 'project')}, ${plural(environments, 'environment')}, ${plural(refs, 'ref')}`,
    ...busy.map((project) => `          not ${project}: a deploy of it is being switched; run doctor again`),
    '',
    ...findings.flatMap(({ where, what, mend }) => [`${where}: ${what}.`, `  mend: ${mend}`]),
    findings.length === 0 ? 'Nothing differs.' : `${plural(findings.length, 'difference')}.`,
  ]
  return `${lines.map(printable).join('\n')}\n`
}
