// docs/reference/lib.md lists exactly the names that the library offers, and nixpkgs' lib has each. TAP_SNAPSHOT=1 writes the lists.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Lib, libs } from './libs.ts'
import { privateStore, repository } from './private-store.ts'

const page = join(repository, 'docs/reference/lib.md')
const store = privateStore(t)
const [own, theirs] = libs as [Lib, Lib]

/** The names in a part of a library, as `lib.types`. */
async function names(folder: string, part: string): Promise<string[]> {
  const ran = await store.nix(`let lib = import ${folder}; in builtins.attrNames ${part}`)
  if (ran.code !== 0) throw new Error(ran.stderr)
  return JSON.parse(ran.stdout)
}

/** Lines of at most 120 characters. */
function lines(words: readonly string[]): string {
  const full: string[] = ['']
  for (const word of words) {
    const last = full.at(-1) ?? ''
    if (last.length + word.length + 1 > 120) full.push(word)
    else full[full.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return full.join('\n')
}

t.test('the names', async (t) => {
  let text = readFileSync(page, 'utf8')
  const top = await names(own.folder, 'lib')
  for (const [, heading = '', part = '', besides] of text.matchAll(
    /^### (`(lib[.\w]*)`(, besides those of `lib`)?)$/gm,
  )) {
    const all = await names(own.folder, part)
    const listed = besides ? all.filter((name) => !top.includes(name)) : all
    const block = new RegExp(`(### ${heading.replaceAll('.', '\\.')}\\n\\n\`\`\`text\\n)([^\`]*)(\`\`\`)`)
    if (process.env.TAP_SNAPSHOT === '1') text = text.replace(block, `$1${lines(listed)}\n$3`)
    t.strictSame(block.exec(text)?.[2]?.trim().split(/\s+/), listed, heading)
    if (theirs.skip !== false) continue
    const has = await names(theirs.folder, part)
    t.strictSame(
      all.filter((name) => !has.includes(name)),
      [],
      `nixpkgs has each of ${heading}`,
    )
  }
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(page, text)
})
