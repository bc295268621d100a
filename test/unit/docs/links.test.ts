// Every link of a page leads somewhere: the file is there, and the heading if it names one.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { mustRun } from '../../../src/lib/spawn.ts'
import { cleanEnv, root } from '../../helpers/programs.ts'

const argv = ['git', 'ls-files', '-co', '--exclude-standard', '*.md'] as const
const pages = (await mustRun({ argv: [...argv], env: cleanEnv(root), cwd: root })).split('\n').filter(Boolean)
const read = (page: string) => readFileSync(join(root, page), 'utf8')

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces. */
function anchors(page: string): string[] {
  const headings = read(page).matchAll(/^#{1,6} (.*)$/gm)
  const plain = [...headings].map(([, text = '']) => text.toLowerCase().replace(/[^\p{L}\p{N}\-_ ]/gu, ''))
  return plain.map((text) => text.trim().replaceAll(' ', '-'))
}

/** What is code is no link. */
function links(page: string): string[] {
  const prose = read(page)
    .replace(/^ *(```+)[\s\S]*?^ *\1$/gm, '')
    .replace(/(`+)[^\n]*?\1(?!`)/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((to) => !/^[a-z]+:/.test(to))
}

t.test('the pages are found, and links in them', async (t) => {
  t.ok(pages.includes('README.md') && pages.includes('docs/guide/operating.md'))
  t.ok(pages.flatMap(links).length > 100)
})

for (const page of pages)
  for (const link of links(page)) {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : relative(root, join(root, dirname(page), path))
    t.ok(existsSync(join(root, target)), `${page} leads to ${link}`)
    if (anchor !== undefined && existsSync(join(root, target)))
      t.ok(anchors(target).includes(anchor), `${page} leads to the heading of ${link}`)
  }
