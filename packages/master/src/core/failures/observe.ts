/** What other builds tell of one failed test, and of one failed step. */
import { FAILURE, type Results } from '@buildbot/shared';
import type { Relative } from './kinship.ts';
import type { Observation } from './mark.ts';

/** What became of one step, with those of its tests that were asked for. */
export interface PastStep {
  buildId: number;
  results: Results;
  /** Names among those asked for; `null` when the step told no results of tests. */
  tests: { passed: ReadonlySet<string>; failed: ReadonlySet<string> } | null;
}

/** `null` for the step itself, else the name of a test of it. */
export function observe(
  test: string | null,
  relatives: readonly Relative[],
  past: ReadonlyMap<number, PastStep>,
): Observation[] {
  return relatives.flatMap(({ buildId, ...kinship }): Observation[] => {
    const step = past.get(buildId);
    const failed = step === undefined ? null : hasFailed(test, step);
    return failed === null ? [] : [{ ...kinship, failed }];
  });
}

/** `null` when it cannot be told. */
function hasFailed(test: string | null, { results, tests }: PastStep): boolean | null {
  if (results > FAILURE) return null;
  const stepFailed = results === FAILURE;
  if (test === null) return stepFailed;
  if (tests?.failed.has(test)) return true;
  if (tests?.passed.has(test)) return false;
  // Of a step that passed no test failed, also none that is not there yet. One that failed may not have come so far.
  return stepFailed ? null : false;
}
