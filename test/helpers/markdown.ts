// The code blocks of a page of the docs, so that what a reader copies is what a test runs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './programs.ts'

export interface Block {
  /** The heading that it stands below. */
  readonly heading: string
  /** `sh`, `yaml`, or '' */
  readonly language: string
  /** Without the indentation of a list that it may stand in. */
  readonly text: string
}

/** All blocks of `docs/…`, in order. */
function blocksOf(page: string): Block[] {
  const found: Block[] = []
  let heading = ''
  let open: { indent: string; language: string; lines: string[] } | null = null
  for (const line of readFileSync(join(root, page), 'utf8').split('\n')) {
    const fence = /^( *)```(\w*)$/.exec(line)
    if (open !== null && fence !== null) {
      found.push({ heading, language: open.language, text: `${open.lines.join('\n')}\n` })
      open = null
    } else if (fence !== null) open = { indent: fence[1] ?? '', language: fence[2] ?? '', lines: [] }
    else if (open !== null) open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading
  }
  return found
}

/** The one block below that heading. Throws when there is another number of them. */
export function block(page: string, heading: string, language: string, containing = ''): string {
  const found = blocksOf(page).filter(
    (one) => one.heading === heading && one.language === language && one.text.includes(containing),
  )
  if (found.length !== 1 || !found[0]) throw new Error(`${page}, ${heading}: ${found.length} blocks of ${language}`)
  return found[0].text
}
