// What people call a derivation: its name, without the store directory, the hash and `.drv`.

/** `/nix/store/<32 characters>-shop-2.3.drv` → `shop-2.3`. Anything else is answered as it is, without its folder. */
export function derivationName(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1)
  return base.replace(/^[0-9a-z]{32}-/, '').replace(/\.drv$/, '')
}
