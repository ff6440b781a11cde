/**
 * What becomes of a request whose build ended without a verdict (its worker was lost, the machine failed): another
 * attempt after a growing delay, and after the last one the shelf, where it waits for a person. Nothing loops for ever,
 * not even a build that kills its worker. What counts are failures of the infrastructure: a restart of the master is none.
 */
import { formatDuration } from '@buildbot/shared';

/** As `retry` in the configuration has it. */
export interface RetryPolicy {
  /** Attempts that may fail, the first one included. */
  attempts: number;
  /** Before the second attempt. Milliseconds. */
  delay: number;
  /** Each further delay is this many times the one before. */
  factor: number;
  /** No delay is longer. Milliseconds. */
  maxDelay: number;
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  attempts: 3,
  delay: 30_000,
  factor: 4,
  maxDelay: 30 * 60_000,
};

/** Delays in milliseconds. */
export type RetryDecision = { kind: 'retry'; delay: number } | { kind: 'shelve' };

/** `failures` counts from 1, the one that has just happened included. */
export function decideRetry(policy: RetryPolicy, failures: number): RetryDecision {
  if (failures >= policy.attempts) return { kind: 'shelve' };
  return { kind: 'retry', delay: growingDelay(policy, failures - 1) };
}

/** The `step`-th delay from 0 of a series that grows up to a longest one. */
export function growingDelay(
  { delay, factor, maxDelay }: Pick<RetryPolicy, 'delay' | 'factor' | 'maxDelay'>,
  step: number,
): number {
  return Math.min(maxDelay, delay * factor ** step);
}

/** What a failed attempt reads when another follows. It is read long after, so it names no time that is left. */
export function retryText(
  reason: string,
  input: { failures: number; attempts: number; delay: number },
): string {
  const { failures, attempts, delay } = input;
  const after = delay > 0 ? `after ${formatDuration(delay)}` : 'at once';
  return `${reason} (failure ${failures} of ${attempts}, tried again ${after})`;
}

/** What the last attempt reads, with what to type next. */
export function shelvedBuildText(reason: string, input: { failures: number; requestId: number }): string {
  const { failures, requestId } = input;
  const attempts = failures === 1 ? '1 attempt' : `${failures} attempts`;
  return `shelved after ${attempts}: ${reason}; to try again: buildbot unshelve ${requestId}`;
}
