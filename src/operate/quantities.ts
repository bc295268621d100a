// Numbers as an operator reads them.

/** `1 path`, `6 paths` */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
