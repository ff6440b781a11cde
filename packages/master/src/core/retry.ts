/**
 * What becomes of a build that ended without a verdict (its worker was lost, the machine failed): another attempt
 * after a growing delay, and after the last one an EXCEPTION that waits for a person. Nothing loops for ever, not even
 * a build that kills its worker.
 */
import { formatDuration } from '@buildbot/shared';

export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  attempts: number;
  /** Before the second attempt. Milliseconds. */
  firstDelayMs: number;
  /** Each further delay is this many times the one before. */
  factor: number;
  /** No delay is longer. Milliseconds. */
  maxDelayMs: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  attempts: 3,
  firstDelayMs: 30_000,
  factor: 4,
  maxDelayMs: 30 * 60_000,
};

export type RetryDecision = { kind: 'retry'; notBefore: number } | { kind: 'give-up' };

/** `attempt` counts from 1 and is the one that has just failed; times are epoch milliseconds. */
export function decideRetry(policy: RetryPolicy, attempt: number, now: number): RetryDecision {
  if (attempt >= policy.attempts) return { kind: 'give-up' };
  const delay = policy.firstDelayMs * policy.factor ** (attempt - 1);
  return { kind: 'retry', notBefore: now + Math.min(policy.maxDelayMs, delay) };
}

/** One line for people: what happened and what comes next. */
export function retryText(
  reason: string,
  policy: RetryPolicy,
  attempt: number,
  decision: RetryDecision,
  now: number,
): string {
  if (decision.kind === 'give-up') return `${reason} (attempt ${attempt}, given up)`;
  const wait = decision.notBefore - now;
  const next = wait > 0 ? `again in ${formatDuration(wait)}` : 'again at once';
  return `${reason} (attempt ${attempt} of ${policy.attempts}, ${next})`;
}
