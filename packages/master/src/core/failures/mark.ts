/** Whose failure it is: the rule of docs/architecture/was-it-me.md. */
import type { Mark } from '@buildbot/shared';
import type { Kinship } from './kinship.ts';

/** What became of the same test, or the same step, in another build. */
export interface Observation extends Kinship {
  failed: boolean;
}

/** How often a result changes among the builds of a branch that nobody breaks and mends so often. */
const FLAKY_CHANGES = 3;

/** The mark of something that failed, from what became of it in other builds, the newest first. */
export function markOf(history: readonly Observation[]): Mark {
  if (history.some(({ isSame, failed }) => isSame && !failed)) return 'flaky';
  const base = history.filter(({ isBase }) => isBase);
  const plain = history.filter(({ isBase, isBranch }) => isBase || isBranch);
  if (hasBoth(base) || changes(plain) >= FLAKY_CHANGES) return 'flaky';
  const nearest = base[0] ?? plain[0];
  if (nearest === undefined) return 'unknown';
  return nearest.failed ? 'also-on-base' : 'new';
}

function hasBoth(history: readonly Observation[]): boolean {
  return history.some(({ failed }) => failed) && history.some(({ failed }) => !failed);
}

function changes(history: readonly Observation[]): number {
  return history.filter(({ failed }, index) => index > 0 && failed !== history[index - 1]?.failed).length;
}
