import t from 'tap'
import { pausedPage } from '../../../src/frontdoor/paused-page.ts'

const paused = {
  key: 'feature/foo',
  goesAt: '2026-12-01T10:00:00.000Z',
  expired: true,
  wake: 'ssh host wake feature/foo',
}
const type = ({ headers }: { headers: readonly string[] }) => headers[headers.indexOf('Content-Type') + 1]

t.test('it says what is so in the form that the client takes', async (t) => {
  const plain = pausedPage(paused, '*/*')
  t.equal(plain.status, 503)
  t.equal(type(plain), 'text/plain; charset=utf-8')
  t.equal(
    plain.body,
    'feature/foo is paused: its time was over.\nIts data and its releases are kept until 2026-12-01 10:00 UTC.\nTo wake it:\n  ssh host wake feature/foo\n',
  )
  t.equal(type(pausedPage(paused, 'text/html, */*;q=0.1')), 'text/html; charset=utf-8')
  const kept = pausedPage({ ...paused, goesAt: null, expired: false }, '')
  t.match(kept.body, /^feature\/foo is paused\.\nIts data and its releases are kept\.\n/)
})

t.test('a name is text, whatever is in it', async (t) => {
  const hostile = `</title><script>alert("1")</script>&'`
  const { body, headers } = pausedPage({ ...paused, key: hostile, wake: `wake ${hostile}` }, 'text/html')
  t.notMatch(body, '<script>')
  t.notMatch(body, '</title><')
  t.match(body, '&#60;script&#62;')
  t.match(headers[headers.indexOf('Content-Security-Policy') + 1], "default-src 'none'")
  t.equal(headers[headers.indexOf('Content-Length') + 1], `${Buffer.byteLength(body)}`)
})
