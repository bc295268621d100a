import t from 'tap'
import { locationOf, returnFor, wrongLocation, wrongReturn } from '../../../src/lib/return-directive.ts'

const request = { scheme: 'http', host: 'a.example', requestUri: '/old/x?b=c' } as const

t.test('a return answers what nginx would', async (t) => {
  const table: [string, { status: number; location: string | null; text: string | null }][] = [
    ['404', { status: 404, location: null, text: null }],
    ['200 hello', { status: 200, location: null, text: 'hello' }],
    ['200 "hello there"', { status: 200, location: null, text: 'hello there' }],
    ['301 https://b.example$request_uri', { status: 301, location: 'https://b.example/old/x?b=c', text: null }],
    ['308 $scheme://www.$host/', { status: 308, location: 'http://www.a.example/', text: null }],
    ['302 /new$is_args$args', { status: 302, location: '/new?b=c', text: null }],
    ['https://b.example/', { status: 302, location: 'https://b.example/', text: null }],
    ['410 gone: $query_string', { status: 410, location: null, text: 'gone: b=c' }],
  ]
  for (const [directive, answer] of table) {
    t.equal(wrongReturn(directive), null, directive)
    t.same(returnFor(directive, request), answer, directive)
  }
  t.equal(returnFor('302 /new$is_args$args', { ...request, requestUri: '/old' }).location, '/new')
})

t.test('what is no return is refused with its reason', async (t) => {
  const table: [string, RegExp][] = [
    ['', /neither/],
    ['hello', /neither/],
    ['301', /needs an address/],
    ['301 javascript:alert(1)', /needs an address/],
    ['99', /neither/],
    ['101', /200 to 599/],
    ['304', /cannot be answered/],
    ['204 text', /cannot be answered/],
    ['301 https://b.example$uri', /\$uri is unknown; there are \$scheme/],
    ['200 $', /is unknown/],
    ['200 $http_cookie', /\$http_cookie is unknown/],
  ]
  for (const [directive, why] of table) t.match(wrongReturn(directive), why, directive)
})

t.test('a location is a prefix or one path, and no regular expression', async (t) => {
  for (const name of ['/', '/old', '= /robots.txt', '=/x', '^~ /static/']) t.equal(wrongLocation(name), null, name)
  for (const name of ['', 'old', '~ ^/(a+)+$', '~* /x', '@named', '/a b']) t.ok(wrongLocation(name), name)
})

t.test('the exact location counts, else the longest prefix, however the path is written', async (t) => {
  const names = ['/', '/old', '/old/deep/', '= /only', '^~ /static/', '/a b', '/café']
  const table: [string, string][] = [
    ['/', '/'],
    ['/x', '/'],
    ['/old', '/old'],
    ['/older', '/old'],
    ['/old/deep/x', '/old/deep/'],
    ['/old/deep', '/old'],
    ['/only', '= /only'],
    ['/only?x=/old', '= /only'],
    ['/only/', '/'],
    ['/static/x', '^~ /static/'],
    ['//old', '/old'],
    ['/./old', '/old'],
    ['/x/../old', '/old'],
    ['/%6Fld', '/old'],
    ['/x%2F..%2Fold', '/old'],
    ['/../../old', '/old'],
    ['/%ff', '/'],
    ['/%FF/../%6Fld/x', '/old'],
    ['/%6Fld/%FF', '/old'],
    ['/%6Fld/%', '/old'],
    ['/%6Fld/%zz', '/old'],
    ['/caf%C3%A9', '/café'],
    ['/caf\u00c3\u00a9/%ff', '/café'],
    ['/caf%E9', '/'],
    ['/%256Fld', '/'],
    ['*', '/'],
  ]
  for (const [path, name] of table) t.equal(locationOf(names, path), name, path)
  t.equal(locationOf(['= /only'], '/other'), null)
  t.equal(locationOf([], '/'), null)
})
