// `environments.<key>.virtualHosts`: defaults, the type of the environment, and what is refused with option and reason.
import t from 'tap'
import { virtualHosts } from '../../src/resolve/virtual-host-schema.ts'
import { privateStore } from './private-store.ts'

const store = privateStore(t)
const inline = (text: string) => store.project(null, { '.hostenv/hostenv.nix': text })

t.test('the manifest says every setting, and the receiver takes it', async (t) => {
  const source = await inline(`{
    environments.main = {
      type = "production";
      virtualHosts."shop.example" = { globalRedirect = "www.shop.example"; redirectCode = 308; };
      virtualHosts."www.shop.example" = {
        locations."/old".return = "301 /new$is_args$args";
        locations."/gone".return = 410;
        locations."/.well-known/" = { };
        security.csp = "default-src 'self'";
        security.xFrameOptions = null;
      };
    };
    environments.dev.virtualHosts."dev.shop.example" = { };
  }`)
  const { environments } = await store.evaluate(source, {})
  const hosts = (key: string) => virtualHosts.parse((environments[key] as { virtualHosts: object }).virtualHosts)
  const { 'shop.example': bare, 'www.shop.example': www } = hosts('main')
  t.match(bare, {
    globalRedirect: 'www.shop.example',
    redirectCode: 308,
    allowIndexing: true,
    hsts: true,
    locations: {},
  })
  t.same(www?.locations, {
    '/old': { return: '301 /new$is_args$args' },
    '/gone': { return: '410' },
    '/.well-known/': { return: null },
  })
  t.same(www?.security, {
    ...{ csp: "default-src 'self'", cspMode: 'enforce', cspReportTo: null, reportTo: null, xFrameOptions: null },
    ...{ referrerPolicy: 'strict-origin-when-cross-origin', xContentTypeOptions: true, hsts: true },
  })
  t.equal(hosts('dev')['dev.shop.example']?.allowIndexing, false, 'only production is indexed')
})

t.test('a wrong setting is refused with its option', async (t) => {
  const table: [string, RegExp][] = [
    ['redirectCode = 200', /redirectCode.*one of 301, 302, 303, 307, 308/s],
    ['security.xFrameOptions = "ALLOW"', /security\.xFrameOptions/],
    ['security.csp = "a\\nb"', /security\.csp/],
    ['allowIndexing = "yes"', /allowIndexing.*boolean/s],
    ['locations."/x".redirect = "/y"', /redirect/],
    ['certificate = true', /certificate/],
  ]
  for (const [setting, why] of table)
    t.match(
      await store.failure(await inline(`{ environments.main.virtualHosts."a.example".${setting}; }`), { ref: 'main' }),
      why,
      setting,
    )
})
