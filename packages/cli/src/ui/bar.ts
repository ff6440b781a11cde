/** A progress bar of block characters. */

/** `fraction` 0 to 1; null draws an empty track of dots, for a step nobody can foretell. */
export function bar(fraction: number | null, width: number): string {
  if (fraction === null) return '·'.repeat(width);
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
