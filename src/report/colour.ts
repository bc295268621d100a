// Sober colour, for who asked for it with `-o color`: the arrow, failures red, live green. On the pusher's terminal only.
import type { DeployEvent } from '../records.ts'
import { type SentenceContext, STEP, sentences } from './sentences.ts'

// ECMA-48, Select Graphic Rendition: what newer git lets through to a terminal.
const CYAN = 36
const RED = 31
const GREEN = 32

/** The lines of an event in colour; as wide as before, and each ends without colour. */
export function coloured(event: DeployEvent, lines: readonly string[], context: SentenceContext): readonly string[] {
  switch (event.type) {
    case 'live':
      return paintFirst(lines, lines.length, GREEN)
    case 'build-failed':
      return paintFirst(
        lines,
        sentences({ type: event.type, name: event.name, how: event.how, tail: [] }, context).length,
        RED,
      )
    case 'refused':
      if (event.headline === '') return lines
      return paintFirst(lines, sentences({ ...event, detail: [], help: [] }, context).length, RED)
    default:
      return lines.map((line) =>
        line.startsWith(STEP) ? paint(STEP.trimEnd(), CYAN) + line.slice(STEP.trimEnd().length) : line,
      )
  }
}

function paintFirst(lines: readonly string[], count: number, colour: number): readonly string[] {
  return lines.map((line, index) => (index < count ? paint(line, colour) : line))
}

function paint(text: string, colour: number): string {
  const lead = text.length - text.trimStart().length
  return `${text.slice(0, lead)}\u001b[${colour}m${text.slice(lead)}\u001b[0m`
}
