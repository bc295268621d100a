// What the front door shows in place of an environment that is paused: that it is, until when it is kept, and how to wake it.
import type { Reply } from './virtual-host.ts'

/** A paused environment as its page tells of it. */
export interface Paused {
  readonly key: string
  /** When it goes with its data, ISO 8601; null: nobody said. */
  readonly goesAt: string | null
  /** Whether its time was over, or somebody paused it. */
  readonly expired: boolean
  /** The command line that wakes it. */
  readonly wake: string
}

/** The page: HTML where the client takes it, else plain text. The status is one that no cache and no search engine keeps (RFC 9110 §15.6.4). */
export function pausedPage({ key, goesAt, expired, wake }: Paused, accept: string): Reply {
  const until = goesAt === null ? '' : ` until ${goesAt.replace(/T(\d\d:\d\d).*/, ' $1 UTC')}`
  const sentences = [
    `${key} is paused${expired ? ': its time was over' : ''}.`,
    `Its data and its releases are kept${until}.`,
    'To wake it:',
  ]
  const html = /\btext\/html\b/i.test(accept)
  const body = html ? page(sentences, wake) : `${sentences.join('\n')}\n  ${wake}\n`
  return {
    status: 503,
    body,
    headers: [
      ...['Content-Type', `text/${html ? 'html' : 'plain'}; charset=utf-8`],
      ...['Content-Length', String(Buffer.byteLength(body))],
      ...['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'X-Robots-Tag', 'noindex'],
      ...['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'", 'Referrer-Policy', 'no-referrer'],
    ],
  }
}

function page(sentences: readonly string[], wake: string): string {
  const [title = '', ...rest] = sentences.map(escaped)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark }</style>
<h1>${title}</h1>
<p>${rest.join('<br>')}</p>
<pre>${escaped(wake)}</pre>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
