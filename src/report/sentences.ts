// Everything that a deploy says to the person who pushed, word for word. Pure: an event in, printable lines of at most 71 columns out.
import { printable, printableLines } from '../lib/printable.ts'
import { shellWord } from '../lib/shell-word.ts'
import { timeToCome } from '../lib/ttl.ts'
import type { DeployEvent } from '../records.ts'
import { byteDelta, byteSize, count, durationText, shortTime } from './units.ts'
import { WIDTH, wrap, wrapParts } from './wrap.ts'

export interface SentenceContext {
  /** The command that shows the whole log: `ssh -p 2222 hostenv@host logs d41`. */
  readonly logCommand: string
}

type Event<T extends DeployEvent['type']> = Extract<DeployEvent, { type: T }>

export const STEP = '-----> '
const DETAIL = ' '.repeat(STEP.length)
const QUOTE = `${DETAIL}  > `
const SHOWN_CHANGES = 3
/** A line of a build's log may be 4 KiB: so many lines of a terminal it gets. */
const LOG_LINES = 3
const DETAIL_LINES = 60

/** The lines, without line feeds, that tell an event; none where it is told already. */
export function sentences(event: DeployEvent, context: SentenceContext): readonly string[] {
  switch (event.type) {
    case 'evaluating':
      return step(`Evaluating ${event.commit.slice(0, 7)}`)
    case 'started':
      return step(started(event))
    case 'change':
      return step(`${event.project} ${event.key}: ${event.text}`)
    case 'note':
      return detail(event.text)
    case 'warning':
      return detail(`Warning: ${event.text}`)
    case 'waiting':
      return step(`Waiting for ${event.text}`)
    case 'build-plan':
      return plan(event)
    case 'build-started':
      return buildLine(event, 'started')
    case 'build-line': {
      const text = overwritten(event.line)
      return text === '' ? [] : buildLine(event, text)
    }
    case 'build-cut':
      return wrap(`${cutAt(event.bytes)}: ${printable(context.logCommand)}`, { first: DETAIL })
    // Only the live line tells it: as lines it would never end.
    case 'build-fetched':
      return []
    case 'build-finished':
      return buildLine(event, `done in ${durationText(event.duration)}`)
    case 'build-failed':
      return buildFailed(event)
    case 'built':
      return wrapParts(built(event).map(printable), STEP)
    case 'activating':
      return step(`Activating release ${event.release}`)
    case 'activate-line':
      return detail(event.line)
    case 'check':
      return detail(`check ${event.what} → ${event.result} in ${durationText(event.duration)}`)
    case 'live':
      return live(event)
    case 'kept':
      return kept(event)
    case 'stopped':
      return step(stopped(event))
    case 'refused':
      return refused(event, context)
    case 'restored':
      return restored(event)
  }
}

const cutAt = (bytes: number) => `Builds said more than ${byteSize(bytes)}; the rest is not shown. Whole log`

function step(text: string): readonly string[] {
  return wrap(printable(text), { first: STEP })
}

function detail(text: string): readonly string[] {
  const lines = printableLines(text).split('\n')
  const shown = lines.slice(0, DETAIL_LINES).flatMap((line) => wrap(line, { first: DETAIL, maxLines: DETAIL_LINES }))
  return lines.length > DETAIL_LINES ? [...shown, `${DETAIL}…`] : shown
}

function started({ project, commit, ref, key, kind, previewOf, expiresIn }: Event<'started'>): string {
  const name = ref.replace(/^refs\/(heads|tags)\//, '')
  const what = [
    previewOf === undefined ? kind : `preview of ${previewOf}`,
    ...(name === key ? [] : [`from ${name}`]),
    ...(expiresIn === undefined ? [] : [`expires in ${timeToCome(expiresIn)}`]),
  ]
  return `${project} ${commit.slice(0, 7)} → ${key} (${what.join(', ')})`
}

// Where both do not fit on one line, the address stays whole and the rest goes below it.
function live({ url, release, duration }: Event<'live'>): readonly string[] {
  const rest = `release ${release}, ${durationText(duration)}`
  const line = `${STEP}Live at ${printable(url)} (${rest})`
  return line.length <= WIDTH ? [line] : [...step(`Live at ${url}`), ...detail(rest)]
}

function stopped({ key, how, goesAt }: Event<'stopped'>): string {
  if (how === 'purged') return `Removed ${key}, with its data and its releases`
  const what = how === 'paused' ? `Paused ${key}` : `Stopped ${key}`
  return goesAt === null
    ? `${what}; its data and its releases are kept`
    : `${what}; its data is kept until ${shortTime(goesAt)}`
}

function kept({ key, release, duration }: Event<'kept'>): readonly string[] {
  const stays = release === null ? `nothing of ${key} is live` : `release ${release} of ${key} stays live`
  return [
    ...step(`Built and kept, not activated: ${stays} (${durationText(duration)})`),
    ...detail(`To make it live: ssh HOST redeploy ${shellWord(key)} --pushed`),
  ]
}

function plan({ builds, fetches, cached }: Event<'build-plan'>): readonly string[] {
  const there = cached > 0 ? [`${cached} cached`] : []
  if (builds > 0) return step(`Building ${count(builds, 'derivation')}${aside(toFetch(fetches), there)}`)
  return fetches > 0 ? step(`Fetching ${count(fetches, 'path')}${aside([], there)}`) : []
}

function toFetch(fetches: number): string[] {
  return fetches > 0 ? [`${fetches} to fetch`] : []
}

function aside(...parts: readonly (readonly string[])[]): string {
  const all = parts.flat()
  return all.length === 0 ? '' : ` (${all.join(', ')})`
}

function buildLine({ name, n, total }: { name: string; n: number; total: number }, text: string): readonly string[] {
  const label = `[${n}/${total}] ${printable(name).slice(0, 40)}: `
  return wrap(label + printable(text).trim(), { first: DETAIL, hanging: `${DETAIL}      `, maxLines: LOG_LINES })
}

/** A progress bar draws over itself with carriage returns: its last state is what a terminal would show. Printable. */
export function overwritten(line: string): string {
  return (
    line
      .split('\r')
      .map(printable)
      .findLast((part) => part.trim() !== '')
      ?.trim() ?? ''
  )
}

function buildFailed({ name, how, tail, gotHash }: Event<'build-failed'>): readonly string[] {
  const quoted = tail.flatMap((line) =>
    wrap(printable(line), { first: QUOTE, hanging: `${DETAIL}    `, maxLines: LOG_LINES }),
  )
  const hash = gotHash === undefined ? [] : detail(`got: ${gotHash}`)
  return [...step(`Build failed: ${name}, ${how}`), ...quoted, ...hash]
}

function built({ duration, cached, as, closureBytes, since }: Event<'built'>): readonly string[] {
  const size =
    (closureBytes ?? 0) > 0 ? [`closure ${byteSize(closureBytes ?? 0)}${since === null ? '' : sinceText(since)}`] : []
  const changes = since?.changes ?? []
  const more = changes.length - SHOWN_CHANGES
  return [
    cached ? `Already built${as === undefined ? '' : ` for ${as}`}` : `Built in ${durationText(duration)}`,
    ...size,
    ...changes.slice(0, SHOWN_CHANGES),
    ...(more > 0 ? [`and ${count(more, 'other change')}`] : []),
  ]
}

function sinceText({ release, deltaBytes }: NonNullable<Event<'built'>['since']>): string {
  return deltaBytes === 0 ? `, as release ${release}` : `, ${byteDelta(deltaBytes)} since release ${release}`
}

// An empty headline: the event before this one has told what happened, and only the way to the whole log is missing.
function refused({ headline, detail: lines, help }: Event<'refused'>, { logCommand }: SentenceContext) {
  const whole = wrap(`Whole log: ${printable(logCommand)}`, { first: DETAIL })
  return [
    ...(headline === '' ? [] : step(headline)),
    ...(lines.length === 0 ? [] : detail(lines.join('\n'))),
    ...help.flatMap(detail),
    ...(headline === '' ? whole : []),
  ]
}

function restored({ release, text }: Event<'restored'>): readonly string[] {
  const said = printable(text)
  if (release === null) return step(said === '' ? 'Nothing is live' : said.charAt(0).toUpperCase() + said.slice(1))
  return step(`Release ${release} is live again${said === '' ? '' : `; ${said}`}`)
}
