// Text as a string of the Nix language.

/** Quoted and escaped: `${` would be code there. */
export function nixString(text: string): string {
  return `"${text.replace(/["\\]|\$\{/g, '\\$&')}"`
}
