/** How long to wait before the next attempt to connect. */

const FIRST_MS = 100;
const BASE_MS = 500;
const CAP_MS = 30_000;
const REFUSAL_MS = 60_000;

/** So many waits of the longest kind fit into what is left of the grace. */
const TRIES_LEFT = 5;
/** However little is left, a wait of this length is no reason to fear a storm. */
const URGENT_MS = 1000;

/**
 * Full jitter: any time between nothing and a bound that doubles with each failed attempt in a row, so that a thousand
 * workers whose master comes back do not knock at the same moment. The first retry after a working connection is nearly
 * at once: most cuts are short. `attempt` counts from 0, `random` gives [0, 1); no wait is longer than `longest`.
 */
export function backoffDelay(attempt: number, random: () => number, longest = CAP_MS): number {
  const bound = attempt === 0 ? FIRST_MS : BASE_MS * 2 ** Math.min(attempt - 1, 16);
  return Math.floor(random() * Math.min(CAP_MS, longest, bound));
}

/**
 * The longest wait where builds are lost unless master and worker meet again within `graceLeftMs`: each takes a part of
 * what is left, so that a master that is back in time is found in time.
 */
export function urgentBound(graceLeftMs: number): number {
  return Math.max(URGENT_MS, graceLeftMs / TRIES_LEFT);
}

/** After a master that let this worker in before and now refuses it: an administrator is at work, which takes minutes. */
export function refusalDelay(random: () => number): number {
  return Math.floor(random() * REFUSAL_MS);
}
