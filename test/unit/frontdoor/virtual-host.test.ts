import t from 'tap'
import { addedHeaders, type HostRules, replyOf } from '../../../src/frontdoor/virtual-host.ts'
import { virtualHosts } from '../../../src/resolve/virtual-host-schema.ts'

function rules(settings: object, indexed = true): HostRules {
  const parsed = virtualHosts.parse({ 'a.example': settings })['a.example']
  if (!parsed) throw new Error('no host')
  return { settings: parsed, indexed }
}

const request = { scheme: 'http', host: 'a.example', hostField: 'a.example:8080', requestUri: '/x?y' } as const
const to = (settings: object, more: object = {}) => replyOf(rules(settings), { ...request, ...more })

t.test('a global redirect keeps scheme, port, path and query', async (t) => {
  t.same(to({}), null)
  t.match(to({ globalRedirect: 'www.a.example' }), {
    status: 301,
    headers: ['Content-Length', '0', 'Location', 'http://www.a.example:8080/x?y'],
    body: '',
  })
  const plain = to({ globalRedirect: 'b.example', redirectCode: 308 }, { hostField: 'a.example' })
  t.match(plain, { status: 308, headers: ['Content-Length', '0', 'Location', 'http://b.example/x?y'] })
  t.match(to({ globalRedirect: 'b.example:81' })?.headers, [
    'Content-Length',
    '0',
    'Location',
    'http://b.example:81/x?y',
  ])
})

t.test('a location goes before the redirect of the whole host', async (t) => {
  const settings = {
    globalRedirect: 'b.example',
    locations: { '/gone': { return: 410 }, '/.well-known/': {}, '/text': { return: '200 "hello"' } },
  }
  t.match(to(settings, { requestUri: '/gone/x' }), { status: 410, body: '' })
  t.match(to(settings, { requestUri: '/text' }), {
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', '6'],
    body: 'hello\n',
  })
  t.equal(to(settings, { requestUri: '/.well-known/acme' }), null, 'without return the environment answers')
  t.match(to(settings, { requestUri: '/else' }), { status: 301 })
})

t.test('answers get what the settings say', async (t) => {
  const base = [
    ...['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ...['X-Frame-Options', 'SAMEORIGIN', 'X-Content-Type-Options', 'nosniff'],
  ]
  t.same(addedHeaders(rules({}), [], false), base)
  t.same(addedHeaders(rules({}, false), [], false), [...base, 'X-Robots-Tag', 'noindex'])
  t.same(addedHeaders(undefined, [], false), [])
  const none = { referrerPolicy: null, xFrameOptions: null, xContentTypeOptions: false }
  t.same(addedHeaders(rules({ security: none }), [], false), [])
  const csp = { ...none, csp: "default-src 'self';", cspReportTo: 'main', reportTo: '{"group":"main"}' }
  t.same(addedHeaders(rules({ security: csp }), [], false), [
    ...['Report-To', '{"group":"main"}'],
    ...['Content-Security-Policy', "default-src 'self'; report-to main"],
  ])
  t.same(addedHeaders(rules({ security: { ...none, csp: 'x', cspMode: 'report-only' } }), [], false), [
    ...['Content-Security-Policy-Report-Only', 'x'],
  ])
})

t.test('what the environment says itself stays, but it does not get itself indexed', async (t) => {
  const own = ['X-Frame-Options', 'DENY', 'referrer-policy', 'no-referrer', 'X-Content-Type-Options', 'nosniff']
  const said = [...own, 'X-Robots-Tag', 'all']
  t.same(addedHeaders(rules({}, false), said, false), ['X-Robots-Tag', 'noindex'])
})

t.test('HSTS is for TLS alone, and only where both settings want it', async (t) => {
  const sts = (settings: object, tls: boolean) =>
    addedHeaders(rules(settings), [], tls).includes('max-age=63072000; includeSubDomains; preload')
  t.ok(sts({}, true))
  t.notOk(sts({}, false))
  t.notOk(sts({ hsts: false }, true))
  t.notOk(sts({ security: { hsts: false } }, true))
})
