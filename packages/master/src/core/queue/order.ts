/**
 * The order of the queue: priority, then age, with ageing so that nothing starves. One step of priority is worth a
 * fixed time of waiting. All requests age at the same pace, so the order of two of them never changes while they wait
 * and can be kept as one number: the time at which a request of priority 0 would have had to come to be its equal.
 */
import { MAX_PRIORITY } from '@buildbot/shared';

/** What one step of priority is worth in waiting time. Milliseconds. */
export const AGEING_MS = 60 * 60_000;

export interface Ranked {
  requestId: number;
  priority: number;
  submittedAt: number;
}

/** Smaller is sooner. Epoch milliseconds. */
export function rank({ priority, submittedAt }: Ranked): number {
  const bounded = Math.max(-MAX_PRIORITY, Math.min(MAX_PRIORITY, priority));
  return submittedAt - bounded * AGEING_MS;
}

/** Sorts the more urgent request first; of equals the one that was asked for first. */
export function compareRequests(a: Ranked, b: Ranked): number {
  return rank(a) - rank(b) || a.requestId - b.requestId;
}
