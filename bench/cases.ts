// The cases of the benchmark, in the order in which they run.
import { crowded } from './cases/crowded.ts'
import { deploys } from './cases/deploys.ts'
import { firstLine } from './cases/first-line.ts'
import { frontDoor } from './cases/front-door.ts'
import { hookStart } from './cases/hook-start.ts'
import { largePack } from './cases/large-pack.ts'
import { manyFiles } from './cases/many-files.ts'
import { plainPush } from './cases/plain-push.ts'
import { twentyProjects } from './cases/twenty-projects.ts'
import type { Figure } from './figures.ts'
import type { Setting } from './setting.ts'

export const cases: Readonly<Record<string, (setting: Setting) => Promise<Figure | Figure[]>>> = {
  deploys,
  'plain-push': plainPush,
  'hook-start': hookStart,
  'large-pack': largePack,
  'front-door': frontDoor,
  'first-line': firstLine,
  'twenty-projects': twentyProjects,
  'many-files': manyFiles,
  crowded,
}
