// Repository paths. Right is: two words of letters and digits, in a folder below `repos`, or a refusal; and the name that is made of
// one means the same project again.
import { dirname, resolve } from 'node:path'
import fc from 'fast-check'
import { parseProjectPath, projectId, projectName, repositoryPath } from '../../../src/lib/repositories.ts'
import { Refused } from '../../../src/records.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

const kept = corpus<string>('repository-names')
const state = '/var/lib/hostenv'
const word = fc.string({ unit: fc.constantFrom(...'abzAZ019._-'), minLength: 1, maxLength: 70 })

export const repositoryNames: Target<string> = {
  inputs: fc.oneof(
    fc
      .tuple(fc.constantFrom('', '/'), word, word, fc.constantFrom('', '.git', '/', '.git/'))
      .map(([start, one, two, end]) => `${start}${one}/${two}${end}`),
    mutated(kept),
    oddText,
    oddText.map((text) => `acme/${text}`),
  ),
  corpus: kept,
  check(path) {
    const plain = path
      .replace(/^\//, '')
      .replace(/\/$/, '')
      .replace(/\.git$/, '')
    const id = parse(path)
    if (id === null) {
      const parts = plain.split('/')
      const ordinary = parts.length === 2 && parts.every((part) => /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(part))
      return must(!ordinary, 'refused, though it is an ordinary name')
    }
    for (const part of [id.organisation, id.project]) must(/^[a-z0-9]{1,63}$/.test(part), `no word: ${part}`)
    must(!/[^\x21-\x7e]|\.\.|\/.*\//.test(plain), 'taken, though it has more than two words')
    const letters = plain.toLowerCase().replace(/[^a-z0-9/]/g, '')
    mustEqual(projectName(id), letters, 'the name')
    mustEqual(parse(projectName(id)), id, 'the same project by its own name')
    mustEqual(projectId(projectName(id)), id, 'the name, taken apart')
    const repository = resolve(repositoryPath(state, projectName(id)))
    mustEqual(dirname(dirname(repository)), `${state}/repos`, 'where the repository is')
  },
}

function parse(path: string) {
  try {
    return parseProjectPath(path)
  } catch (error) {
    must(error instanceof Refused, `not a refusal: ${error}`)
    return null
  }
}
