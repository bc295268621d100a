// `.hostenv/hostenv.nix` files for tests that need other environments than those of the fixtures.

/** Environments by key; each value is the inside of an attribute set. */
export type Environments = Readonly<Record<string, string>>

/** hello-web's process, in these environments. */
export function webModule(environments: Environments, rest = ''): string {
  return hostenvModule(
    environments,
    `processes.web = {
      command = [ "\${pkgs.nodejs}/bin/node" "\${../server.js}" ];
      environment.GREETING = "\${../greeting.txt}";
    };
    ${rest}`,
  )
}

/** Environments without a process, which are live as soon as they are built. */
export function quietModule(environments: Environments, rest = ''): string {
  const unchecked = Object.entries(environments).map(([key, inside]) => [
    key,
    `deploymentVerification.enable = false; ${inside}`,
  ])
  return hostenvModule(Object.fromEntries(unchecked), rest)
}

/** A whole `.hostenv/hostenv.nix`. */
export function hostenvModule(environments: Environments, rest: string): string {
  const lines = Object.entries(environments).map(
    ([key, inside]) => `environments.${JSON.stringify(key)} = { ${inside} };`,
  )
  return `{ pkgs, ... }:\n{\n  ${lines.join('\n  ')}\n  ${rest}\n}\n`
}
