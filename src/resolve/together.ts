// Which projects have their environments evaluated together: where one of them takes little time the others take next to none, and
// the same tree on another branch, or under a tag, then needs no evaluation at all.

/** Milliseconds. */
const little = 300

const projects = new Map<string, 'together' | 'one by one'>()

/** Whether the next evaluation of a project should tell of all its environments. */
export function isQuick(project: string): boolean {
  return projects.get(project) === 'together'
}

/** Notes how long a project's evaluation took. */
export function tookTime(project: string, milliseconds: number): void {
  if (projects.get(project) !== 'one by one') projects.set(project, milliseconds < little ? 'together' : 'one by one')
}

/** Notes that an environment that was not asked for stands in the way of the one that was: not tried again before a restart. */
export function oneByOne(project: string): void {
  projects.set(project, 'one by one')
}
