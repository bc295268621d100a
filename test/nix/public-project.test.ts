// A project written for the public hostenv library, as far as its names are ours, on both libraries.
import t from 'tap'
import { onEveryLib } from './libs.ts'

const drupal = `{ pkgs, config, ... }: {
  services.drupal.enable = true;
  services.drupal.backups.enable = true;
  services.drupal.phpVersion = "8.3";
  environments.main = {
    enable = true;
    type = "production";
    hosts."example.ca".globalRedirect = "www.example.ca";
  };
  environments."user-testing" = { enable = true; type = "testing"; };
}`

const key = (name: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${name} ${name}`
const agency = `{ pkgs, config, lib, ... }: {
  allEnvironments.users.ines = { email = "ines@example.net"; publicKeys = [ "${key('ines')}" ]; };
  defaultEnvironment = "live";
  buildReference = "2024.3";
  environments.live = {
    enable = true;
    type = "production";
    hostenv.gitRef = "stable";
    virtualHosts = {
      "agency.example" = {
        enableLetsEncrypt = true;
        allowIndexing = true;
        hsts = false;
        locations."/feed".return = "301 https://news.example$request_uri";
        locations."/gone".return = 410;
        security = { csp = "default-src 'self'"; cspMode = "report-only"; xFrameOptions = null; };
      };
      "old.example" = { globalRedirect = "agency.example"; redirectCode = 308; };
    };
    deploymentVerification = {
      enforce = false;
      checks = [
        {
          name = "front page";
          request = { virtualHost = "agency.example"; path = "/"; followRedirects = true; tlsMode = "insecure"; };
          constraints = [ { rule = "minHttpStatus"; value = 200; } { rule = "stdoutRegexMustMatch"; value = "Welcome"; } ];
        }
      ];
    };
  };
  environments."feature/search" = {
    enable = true;
    users.tomas = { email = "tomas@example.net"; publicKeys = [ "${key('tomas')}" ]; };
  };
  environments.retired.enable = false;
  activate = lib.mkBefore "mkdir -p files";
  assertions = [ { assertion = config.hostenv.userName != ""; message = "never"; } ];
  warnings = lib.optional (config.hostenv.environmentName == "live") "mind the visitors of \${config.hostenv.hostname}";
}`

const hosts = (environment: unknown) => (environment as { virtualHosts: Record<string, object> }).virtualHosts

onEveryLib(t, async (t, store) => {
  const inline = (text: string) => store.project(null, { '.hostenv/hostenv.nix': text })

  await t.test('a Drupal site with two environments has the expected manifest', async (t) => {
    const { environments, defaultEnvironment, warnings } = await store.evaluate(await inline(drupal), {})
    t.strictSame(Object.keys(environments), ['main', 'user-testing'])
    t.equal(defaultEnvironment, 'main')
    t.match(environments, {
      main: { enable: true, type: 'production', users: {}, hostenv: { userName: 'shop-main-4f7240c', gitRef: 'main' } },
      'user-testing': {
        ...{ enable: true, type: 'testing', users: {}, virtualHosts: {} },
        hostenv: { userName: 'shop-user-1ae8c84', gitRef: 'user-testing' },
      },
    })
    const security = {
      ...{
        csp: null,
        cspMode: 'enforce',
        cspReportTo: null,
        hsts: true,
        referrerPolicy: 'strict-origin-when-cross-origin',
      },
      ...{ reportTo: null, xContentTypeOptions: true, xFrameOptions: 'SAMEORIGIN' },
    }
    t.strictSame(hosts(environments.main), {
      'example.ca': {
        ...{ globalRedirect: 'www.example.ca', redirectCode: 301, locations: {}, hsts: true, security },
        ...{ allowIndexing: true, enableLetsEncrypt: true },
      },
    })
    t.strictSame(
      warnings,
      [
        'option `environments."main".hosts\' is called `virtualHosts\' now: rename it, nothing else changes (.hostenv/hostenv.nix)',
      ],
      'the older name is told once, with its file',
    )
  })

  await t.test('names and kinds of values of that library are taken', async (t) => {
    const source = await inline(agency)
    const { environments, defaultEnvironment, warnings, selected } = await store.evaluate(source, { ref: 'stable' })
    t.equal(defaultEnvironment, 'live')
    t.strictSame(Object.keys(selected), ['live'])
    t.match(environments.live, {
      ...{ enable: true, type: 'production', users: { ines: { email: 'ines@example.net' } } },
      deploymentVerification: { enable: true, enforce: false },
    })
    t.notMatch(environments.live, { deploymentVerification: { checks: Array } })
    t.match(hosts(environments.live), {
      'agency.example': {
        ...{ hsts: false, locations: { '/feed': { return: /^301 https/ }, '/gone': { return: 410 } } },
        security: { cspMode: 'report-only', xFrameOptions: null },
      },
      'old.example': { globalRedirect: 'agency.example', redirectCode: 308 },
    })
    t.strictSame(Object.keys(environments['feature/search']?.users as object), ['tomas'])
    t.match(environments.retired, { enable: false, type: 'development' })
    t.strictSame(warnings.sort(), [
      'mind the visitors of shop-live-ac5b52a.localhost (.hostenv/hostenv.nix)',
      "option `environments.*.deploymentVerification.checks' (of `live'): these checks are not run here; the receiver itself asks for `deploymentVerification.path' (.hostenv/hostenv.nix)",
    ])
  })
})
