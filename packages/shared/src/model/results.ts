/**
 * Results of builds, requests, build sets and steps. The codes are Buildbot's own (`spec/rest-api-v2.md`, section 4);
 * `null` everywhere means *not finished yet*.
 */
export { resultsSchema } from './results-schema.ts';

/** Result names in the order of their codes 0 to 6. */
export const RESULT_NAMES = [
  'success',
  'warnings',
  'failure',
  'skipped',
  'exception',
  'retry',
  'cancelled',
] as const;

export type ResultName = (typeof RESULT_NAMES)[number];

export const SUCCESS = 0;
export const WARNINGS = 1;
export const FAILURE = 2;
export const SKIPPED = 3;
/** An infrastructure failure: the build could not say whether the source is good. */
export const EXCEPTION = 4;
/** The attempt ended without a verdict and its request goes back to the queue. */
export const RETRY = 5;
export const CANCELLED = 6;

/** A final result code, 0 to 6. */
export type Results = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Worst first, as Buildbot combines them: cancelled, retry, exception, failure, warnings, success, skipped. */
const WORST_FIRST: readonly Results[] = [CANCELLED, RETRY, EXCEPTION, FAILURE, WARNINGS, SUCCESS, SKIPPED];

/** The worse of two results. */
export function worse(a: Results, b: Results): Results {
  return WORST_FIRST.indexOf(a) <= WORST_FIRST.indexOf(b) ? a : b;
}

/** The worst of several results; `success` when there is none. */
export function worstOf(results: Iterable<Results>): Results {
  let worst: Results | null = null;
  for (const result of results) worst = worst === null ? result : worse(worst, result);
  return worst ?? SUCCESS;
}

/** The name of a result code, `running` for `null`. */
export function resultName(results: Results | null): ResultName | 'running' {
  return results === null ? 'running' : (RESULT_NAMES[results] as ResultName);
}

/** True for the results that let a person go on: success, warnings and skipped. */
export function isGood(results: Results): boolean {
  return results === SUCCESS || results === WARNINGS || results === SKIPPED;
}
