/** Chance from a seed: the same seed gives the same run, on any machine. */

export interface Random {
  /** A number of [0, 1). */
  next(): number;
  /** A whole number of [0, bound). */
  below(bound: number): number;
  /** A whole number of [from, to]. */
  between(from: number, to: number): number;
  /** Like `between`, but each order of magnitude is as likely as the next. `from` is at least 1. */
  magnitude(from: number, to: number): number;
  pick<T>(choices: readonly T[]): T;
  /** True in this share of all cases. */
  chance(share: number): boolean;
  /** A sequence of its own, so that what one part draws does not move the others. */
  fork(name: string): Random;
}

/** FNV-1a: spreads a name over the seeds. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}

/** Mulberry32: small, quick, and good enough to choose faults by. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    below,
    between: (from, to) => from + below(to - from + 1),
    magnitude: (from, to) => Math.round(from * (to / from) ** next()),
    pick: <T>(choices: readonly T[]): T => choices[below(choices.length)] as T,
    chance: (share) => next() < share,
    fork: (name) => randomFrom((seed ^ hashOf(name)) >>> 0),
  };
}
