/**
 * When a worker is taken for broken: it lost several builds in a row. It then gets none for a time that grows with each
 * further loss; when that is over it is given one more chance. A build with a verdict shows that it is well.
 */
import { formatDuration } from '@buildbot/shared';
import { growingDelay } from './retry.ts';

/** As `suspect` in the configuration has it. */
export interface SuspectPolicy {
  /** Builds lost in a row that make a worker suspect. */
  after: number;
  /** How long it then gets no builds. Milliseconds. */
  delay: number;
  /** Each further time is this many times the one before. */
  factor: number;
  /** No time is longer. Milliseconds. */
  maxDelay: number;
}

export const DEFAULT_SUSPECT_POLICY: SuspectPolicy = {
  after: 3,
  delay: 5 * 60_000,
  factor: 2,
  maxDelay: 2 * 60 * 60_000,
};

export interface Suspicion {
  /** Milliseconds. */
  delay: number;
  reason: string;
}

/** `losses` counts builds lost in a row, the newest included; `null` while the worker is still trusted. */
export function suspicionOf(
  policy: SuspectPolicy,
  { losses, reason }: { losses: number; reason: string },
): Suspicion | null {
  if (losses < policy.after) return null;
  const builds = losses === 1 ? 'a build' : `${losses} builds in a row`;
  return { delay: growingDelay(policy, losses - policy.after), reason: `lost ${builds}, last: ${reason}` };
}

/** How long it stays so and why, for people. */
export function suspectText({ forMs, reason }: { forMs: number; reason: string }): string {
  return `suspect for ${formatDuration(forMs)} more: ${reason}`;
}
