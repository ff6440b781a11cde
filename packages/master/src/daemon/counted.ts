/** How many there are, for people. */

/** `1 builder`, `3 builders`. */
export function counted(things: readonly unknown[], name: string): string {
  return `${things.length} ${name}${things.length === 1 ? '' : 's'}`;
}
