// Every text that stands in a source file, with where it stands: what it is given to, and as which property. Reads TypeScript as far
// as that needs: strings, templates, comments, regular expressions, brackets.

export interface Literal {
  /** The fixed parts; what a template fills in stands between them. */
  readonly parts: readonly string[]
  readonly line: number
  /** The calls that it is inside of, innermost first: `Refused`, `ctx.log.info`. */
  readonly calls: readonly string[]
  /** Names of the properties that it is (part of) the value of, innermost first. */
  readonly properties: readonly string[]
  /** Whether it stands in what a template fills in. */
  readonly nested: boolean
}

interface Frame {
  /** What is called, for a round bracket. */
  readonly call: string | null
  property: string | null
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** The texts of a source file, in order. Throws when it cannot be read to its end. */
export function literalsOf(source: string): Literal[] {
  const found: Literal[] = []
  const frames: Frame[] = []
  let at = 0
  let line = 1
  let templates = 0

  const add = (parts: readonly string[], started: number) => {
    const inner = frames.toReversed()
    found.push({
      ...{ parts, line: started, nested: templates > 0 },
      calls: inner.flatMap(({ call }) => call ?? []),
      properties: inner.flatMap(({ property }) => property ?? []),
    })
  }
  const next = () => {
    if (source[at] === '\n') line++
    return source[at++] ?? ''
  }
  // Behind a backslash.
  const escaped = () => {
    const char = next()
    if (char === 'u') {
      const code = /^(?:\{([0-9a-f]+)\}|([0-9a-f]{4}))/i.exec(source.slice(at))
      at += code?.[0].length ?? 0
      return String.fromCodePoint(Number.parseInt(code?.[1] ?? code?.[2] ?? 'fffd', 16))
    }
    return { n: '\n', r: '\r', t: '\t', '\n': '' }[char] ?? char
  }
  const string = (quote: string) => {
    const started = line
    let text = ''
    for (let char = next(); char !== quote; char = next()) {
      if (char === '' || char === '\n') throw new Error(`line ${started}: a text without an end`)
      text += char === '\\' ? escaped() : char
    }
    add([text], started)
  }
  const template = () => {
    const started = line
    const parts = ['']
    for (let char = next(); char !== '`'; char = next()) {
      if (char === '') throw new Error(`line ${started}: a template without an end`)
      if (char === '$' && source[at] === '{') {
        next()
        templates++
        code('}')
        templates--
        parts.push('')
      } else parts[parts.length - 1] += char === '\\' ? escaped() : char
    }
    add(parts, started)
  }
  const regularExpression = () => {
    let inClass = false
    for (let char = next(); inClass || char !== '/'; char = next()) {
      if (char === '' || char === '\n') throw new Error(`line ${line}: a regular expression without an end`)
      if (char === '\\') next()
      else if (char === '[') inClass = true
      else if (char === ']') inClass = false
    }
  }
  const comment = (end: string) => {
    const stop = source.indexOf(end, at + 1)
    const until = stop === -1 ? source.length : stop + end.length
    while (at < until) next()
  }
  const before = () => source.slice(Math.max(0, at - 200), at - 1)
  const beginsExpression = () =>
    /(^|[([{,;=:!&|?+*%<>~^-]|\b(return|typeof|case|of|in|throw|await|=>))\s*$/.test(before())

  const code = (closing: string, call: string | null = null) => {
    const frame: Frame = { call, property: null }
    frames.push(frame)
    for (let char = next(); char !== closing; char = next()) {
      if (char === '') throw new Error(`line ${line}: ${closing} is missing`)
      if (char === "'" || char === '"') string(char)
      else if (char === '`') template()
      else if (char === '/' && source[at] === '/') comment('\n')
      else if (char === '/' && source[at] === '*') comment('*/')
      else if (char === '/' && beginsExpression()) regularExpression()
      else if (char in CLOSING)
        code(CLOSING[char] as string, char === '(' ? (/([\w$.?]+)\s*$/.exec(before())?.[1] ?? null) : null)
      else if (char === ',' || char === ';') frame.property = null
      else if (char === ':') frame.property = /([\w$]+)\s*$/.exec(before())?.[1] ?? frame.property
    }
    frames.pop()
  }
  code('')
  return found
}
