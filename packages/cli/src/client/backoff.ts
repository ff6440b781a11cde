/** How long to wait before the next attempt to connect: doubling, with jitter, so that a herd does not return at once. */

const FIRST_MS = 250;
const MOST_MS = 15_000;

/** `attempt` counts from 0; `random` gives 0 (inclusive) to 1. Between half and all of the doubled delay. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
