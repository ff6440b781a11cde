/**
 * The order of the queue: priority, then age, with ageing so that nothing starves. Priority is worth a time of waiting.
 * All requests age at the same pace, so the order of two of them never changes while they wait and can be kept as one
 * number: the time at which a request of priority 0 would have had to come to be its equal.
 */
import { MAX_PRIORITY } from '@buildbot/shared';

/** What the first step of priority is worth in waiting time. Milliseconds. */
export const AGEING_MS = 60 * 60_000;

/** What no priority is worth: who has waited for so long goes before all that come now. Milliseconds. */
export const MOST_AGEING_MS = 24 * AGEING_MS;

export interface Ranked {
  requestId: number;
  priority: number;
  submittedAt: number;
}

/**
 * What a priority is worth in waiting time, in milliseconds. Each step is worth less than the one before, so that the
 * higher of two priorities goes first however high they are, and yet a request that came long ago before both.
 */
export function worth(priority: number): number {
  const bounded = Math.max(-MAX_PRIORITY, Math.min(MAX_PRIORITY, priority));
  const steps = MOST_AGEING_MS / AGEING_MS;
  return (MOST_AGEING_MS * bounded) / (Math.abs(bounded) + steps - 1);
}

/** Smaller is sooner. Epoch milliseconds. */
export function rank({ priority, submittedAt }: Ranked): number {
  return submittedAt - worth(priority);
}

/** Sorts the more urgent request first; of equals the one that was asked for first. */
export function compareRequests(a: Ranked, b: Ranked): number {
  return rank(a) - rank(b) || a.requestId - b.requestId;
}
