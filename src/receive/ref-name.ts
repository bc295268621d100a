// Which ref names a push may carry: git-check-ref-format(1), and stricter where a name could harm somebody.

/** What is wrong with a ref that a push wants to change, as the end of a sentence; null when it may be used. */
export function refProblem(ref: string): string | null {
  const match = /^refs\/(heads|tags)\/(.+)$/s.exec(ref)
  if (!match?.[2]) return 'only refs/heads/… and refs/tags/… can be pushed'
  const name = match[2]
  if (Buffer.byteLength(ref) > 244) return 'a ref name may have 244 bytes at most'
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/.test(name)) return 'a ref name may not have control characters'
  const parts = name.split('/')
  if (parts.some((part) => part.startsWith('-'))) return 'no part of a ref name may start with -'
  if (parts.some((part) => part === 'HEAD' || part === '@')) return 'a ref may not be called HEAD or @'
  // Git looks a name up in several places (gitrevisions(7)): this one could be taken for another ref.
  if (parts[0] === 'refs') return 'the name of a branch or tag may not begin with refs/'
  if (!isWellFormed(name, parts)) return 'git does not allow this name (git check-ref-format)'
  return null
}

/** Splits `<hex> <hex> <ref>`; null unless both ids are 40 lower-case hex digits. The ref is not checked. */
export function parseCommand(line: string): { old: string; new: string; ref: string } | null {
  const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) (.+)$/s.exec(line)
  return match?.[1] && match[2] && match[3] ? { old: match[1], new: match[2], ref: match[3] } : null
}

// The rules of git-check-ref-format(1), in its order.
function isWellFormed(name: string, parts: readonly string[]): boolean {
  if (parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'))) return false
  return !(name.includes('..') || /[ ~^:?*[\\]/.test(name) || name.endsWith('.') || name.includes('@{'))
}
