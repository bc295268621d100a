// Whoever meets a sentence of the receiver finds it in the guide, and the guide explains no sentence that nobody says any more.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../../helpers/programs.ts'
import { sentencesInSource } from '../../helpers/sentences-in-source.ts'

const page = readFileSync(join(root, 'docs/guide/troubleshooting.md'), 'utf8')
const SPAN = /(`+) ?(.+?) ?\1(?!`)/g
const spans = [...page.matchAll(SPAN)].map(([, , code = '']) => code)
const sentences = sentencesInSource()

const HOLE = '\0'

/** A sentence up to the first colon, semicolon, bracket or full stop behind ten letters: so much a page has to have of it. */
function mainClause(parts: readonly string[]): string {
  const text = parts.join(HOLE).replace(/^(hostenv|Refused): /, '')
  for (const { index } of text.matchAll(/[:;.,] | \(/g))
    if (text.slice(0, index).replace(/[^A-Za-z]/g, '').length >= 10) return text.slice(0, index)
  return text
}

function pattern(clause: string): RegExp {
  const fixed = clause
    .split(HOLE)
    .map((part) => part.replace(/^\W+(?=\w)|[\s.]+$/g, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(fixed.join('.{0,120}?'), 'i')
}

t.test('the sentences are found in the source', async (t) => {
  t.ok(sentences.length > 200, `${sentences.length}`)
  const texts = sentences.map(({ parts }) => parts.join('…'))
  for (const known of ['superseded by …', 'Say a word.', "there is no node '…'", '… does not stay up: …'])
    t.ok(texts.includes(known), known)
})

const explained = sentences.map(({ where, parts }) => ({ where, parts, says: pattern(mainClause(parts)) }))
for (const { where, parts, says } of explained)
  t.ok(
    spans.some((span) => says.test(span)),
    `${where} says ‘${parts.join('…')}’: docs/guide/troubleshooting.md has an entry for it`,
  )

// Too few letters would be found everywhere.
const telling = explained.filter(({ says }) => says.source.replace(/[^A-Za-z]/g, '').length >= 6)

// Said by git, ssh, Nix and scripts/setup.sh, or put together from several parts of the source.
const others = [
  'this build depends on the commit',
  ...['KEY is production', 'KEY is protected', 'KEY is not to go', 'WEB died: exit 1', '… takes …, not …'],
  ...[
    'Permission denied (publickey)',
    'no matching cipher found',
    'unexpected capabilities^{}',
    'not our ref',
    '[rejected] … (fetch first)',
    'got: sha256-…',
  ],
  "the receiving end does not support this repository's hash algorithm",
  ...[
    'refs/heads/X is missing; the record says …',
    '… the record knows of no such ref',
    'node_modules is a symbolic link',
  ],
  // By Nix, nginx, PHP and MariaDB.
  ...["attribute 'x' missing", 'lib.x', 'if you get an infinite recursion here', '-o trace'],
  ...['unknown directive', 'ALERT: [pool NAME]', 'unknown variable'],
  ...["Waiting for the operator's maintenance", '… an earlier push', '… 2 builds', '… 1 evaluation'],
]

// The library says some in Nix and in shell: an entry is found there by what stands between its placeholders.
const library = globSync('nix/**/*.{nix,sh}', { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
function inLibrary(span: string): boolean {
  const parts = span.split(/…|`a\.b'|`x'|'x'|`?\b[A-Z]+\b'?/).map((part) => part.trim())
  const telling = parts.filter((part) => part.replace(/[^A-Za-z]/g, '').length >= 6)
  return telling.length > 0 && telling.every((part) => library.includes(part))
}

t.test('every entry is for something that is still said', async (t) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  for (const row of rows) {
    const cells = row.split(' | ')
    const said = /^\| \d{3}$/.test(cells[0] ?? '') ? (cells[1] ?? '') : (cells[0] ?? '')
    for (const [, , span = ''] of said.matchAll(SPAN))
      t.ok(others.includes(span) || telling.some(({ says }) => says.test(span)) || inLibrary(span), span)
  }
})
