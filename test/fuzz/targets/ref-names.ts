// Ref names. Right is: nothing is taken that `git check-ref-format` refuses or that could harm somebody, and git is not blamed for
// what it allows.
import fc from 'fast-check'
import { run } from '../../../src/lib/spawn.ts'
import { parseCommand, refProblem } from '../../../src/receive/ref-name.ts'
import { corpus, must, mustEqual, mutated, oddText, type Target } from '../target.ts'

const kept = corpus<string>('ref-names')
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'main', 'x1', 'é', '日', 'A', '-x', 'v1.0') },
  { weight: 2, arbitrary: fc.constantFrom('/', '/', '.', '-', '@', '{', '..', '.lock', 'HEAD', '//', '.lock/') },
  { weight: 1, arbitrary: fc.constantFrom(...' ~^:?*[\\]}$\'"`;&|#%\t\u007f') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 3 }) },
)
const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 })

export const refNames: Target<string> = {
  inputs: fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => `refs/heads/${parts.join('')}`),
    fc.array(piece, { minLength: 1, maxLength: 7 }).map((parts) => `refs/tags/${parts.join('')}`),
    // As they come: decoded from UTF-8.
    mutated(kept).map((ref) => ref.toWellFormed()),
    oddText.map((ref) => ref.toWellFormed()),
  ),
  corpus: kept,
  check(ref) {
    const problem = refProblem(ref)
    if (problem !== null) {
      must(/^[a-z][ -~…]{10,100}$/.test(problem), `no end of a sentence: ${problem}`)
    } else {
      must(
        ['refs/heads/', 'refs/tags/'].some((start) => ref.startsWith(start)),
        'it is neither branch nor tag',
      )
      must(Buffer.from(ref).length <= 244, 'it has more than 244 bytes')
      must(Buffer.from(ref).toString() === ref, 'it is not UTF-8')
      for (const character of ref) {
        const code = character.codePointAt(0) ?? 0
        must(code > 31 && (code < 127 || code > 159) && code !== 0x2028 && code !== 0x2029, 'a control character')
      }
      for (const part of ref.split('/').slice(2)) {
        must(part.charAt(0) !== '-', 'a part starts with -')
        must(part !== 'HEAD' && part !== '@', 'a part is HEAD or @')
      }
    }
    const [old = '', next = ''] = fc.sample(id, { numRuns: 2, seed: ref.length })
    if (ref !== '') mustEqual(parseCommand(`${old} ${next} ${ref}`), { old, new: next, ref }, 'the command of this ref')
  },
  async together(inputs) {
    // A NUL cannot be in an argument; a name with one is refused, as `check` sees.
    const names = [...new Set(inputs)].filter((ref) => !ref.includes('\0') && ref !== '')
    const wrong: string[] = []
    for (let at = 0; at < names.length; at += 500) {
      const some = names.slice(at, at + 500)
      for (const [i, allowed] of (await gitAllows(some)).entries()) {
        const problem = refProblem(some[i] as string)
        const told = `${JSON.stringify(some[i])} (${problem})`
        if (problem === null && !allowed) wrong.push(`taken, though git check-ref-format refuses it: ${told}`)
        if (problem?.includes('check-ref-format') && allowed) wrong.push(`git is blamed, but allows it: ${told}`)
      }
    }
    return wrong
  },
}

/** What `git check-ref-format` says of each. */
export async function gitAllows(names: readonly string[]): Promise<boolean[]> {
  const each = 'for ref; do git check-ref-format "$ref"; echo $?; done'
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }
  const ran = await run({ argv: ['sh', '-c', each, 'sh', ...names], env, cwd: '/' })
  const said = ran.stdout.split('\n')
  must(said.length === names.length, `git check-ref-format spoke ${said.length} times: ${ran.stderr}`)
  return said.map((code) => code === '0')
}
