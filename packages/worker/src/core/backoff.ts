/** How long to wait before the next attempt to connect. */

const FIRST_MS = 100;
const BASE_MS = 500;
const CAP_MS = 30_000;
const REFUSAL_MS = 60_000;

/**
 * Full jitter: any time between nothing and a bound that doubles with each failed attempt in a row, so that a thousand
 * workers whose master comes back do not knock at the same moment. The first retry after a working connection is nearly
 * at once: most cuts are short. `attempt` counts from 0, `random` gives [0, 1).
 */
export function backoffDelay(attempt: number, random: () => number): number {
  const bound = attempt === 0 ? FIRST_MS : Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.floor(random() * bound);
}

/** After a master that let this worker in before and now refuses it: an administrator is at work, which takes minutes. */
export function refusalDelay(random: () => number): number {
  return Math.floor(random() * REFUSAL_MS);
}
