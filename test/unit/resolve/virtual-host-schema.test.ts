import t from 'tap'
import { sharedName, virtualHosts } from '../../../src/resolve/virtual-host-schema.ts'

t.test('left out settings get their defaults, unknown ones are dropped', async (t) => {
  t.same(virtualHosts.parse({ 'a.example': { certificate: true, locations: { '/x': { return: 404 } } } }), {
    'a.example': {
      ...{ globalRedirect: null, redirectCode: 301, allowIndexing: null, hsts: true, enableLetsEncrypt: true },
      locations: { '/x': { return: '404' } },
      security: {
        ...{ csp: null, cspMode: 'enforce', cspReportTo: null, reportTo: null, hsts: true, xContentTypeOptions: true },
        ...{ referrerPolicy: 'strict-origin-when-cross-origin', xFrameOptions: 'SAMEORIGIN' },
      },
    },
  })
})

t.test('hostile and wrong settings are refused by name', async (t) => {
  const table: [object, RegExp][] = [
    [{ globalRedirect: 'b.example/path' }, /not a host name/],
    [{ globalRedirect: 'b.example\r\nSet-Cookie: x' }, /not a host name/],
    [{ globalRedirect: 'b.example:99999' }, /not a host name/],
    [{ globalRedirect: 'a.example' }, /redirects the host to itself/],
    [{ redirectCode: 200 }, /is not one of 301, 302, 303, 307, 308/],
    [{ locations: { '~ (a+)+$': {} } }, /exact/],
    [{ locations: { '/x': { return: '301 https://b\r\nX: y' } } }, /printable ASCII/],
    [{ locations: { '/x': { return: '301 nowhere' } } }, /needs an address/],
    [{ locations: { '/x': { return: 1 } } }, /neither/],
    [{ security: { csp: "default-src 'self'\r\nX: y" } }, /printable ASCII/],
    [{ security: { csp: 'ü' } }, /printable ASCII/],
    [{ security: { cspReportTo: 'a b' } }, /report-to group/],
    [{ security: { xFrameOptions: 'ALLOW' } }, /xFrameOptions/],
    [{ security: { referrerPolicy: 'never' } }, /referrerPolicy/],
    [{ allowIndexing: 'yes' }, /allowIndexing/],
  ]
  for (const [settings, why] of table) {
    const parsed = virtualHosts.safeParse({ 'a.example': settings })
    t.match(JSON.stringify(parsed.error?.issues), why, JSON.stringify(settings))
  }
  for (const name of ['A.example', '-a.example', 'a..b', 'a.example\n'])
    t.notOk(virtualHosts.safeParse({ [name]: {} }).success, JSON.stringify(name))
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`h${n}.example`, {}]))
  t.match(JSON.stringify(virtualHosts.safeParse(many).error?.issues), /more than 100/)
})

t.test('a host name belongs to one environment', async (t) => {
  const environment = (hostname: string, ...names: string[]) => ({
    hostenv: { hostname },
    virtualHosts: Object.fromEntries(names.map((name) => [name, {}])),
  })
  const main = environment('main.localhost', 'main.localhost', 'a.example')
  t.equal(sharedName({ main, dev: environment('dev.localhost', 'b.example') }), null)
  t.match(sharedName({ main, dev: environment('dev.localhost', 'a.example') }), /a\.example belongs to main and to dev/)
  t.match(sharedName({ main, dev: environment('dev.localhost', 'main.localhost') }), /main\.localhost belongs to main/)
  t.match(sharedName({ main, dev: environment('main.localhost') }), /main\.localhost belongs to main and to dev/)
})
