/** `--new-only`: whether all that failed in a try fails without the change as well, or comes and goes. */
import { FAILURE, type StepFailure } from '@buildbot/shared';
import type { ViewState } from './state.ts';
import { stepsOf, tryView } from './try-view.ts';

/** False also when of one failure nothing is known. */
export function isNothingNew(state: ViewState): boolean {
  const rows = tryView(state, 0).rows.filter(({ results }) => results === FAILURE);
  return rows.length > 0 && rows.every(({ buildId }) => buildId !== null && isExcusedBuild(state, buildId));
}

/** A build that failed without any step that did failed for a reason of its own. */
function isExcusedBuild(state: ViewState, buildId: number): boolean {
  const failed = stepsOf(state, buildId).filter(({ results }) => results === FAILURE);
  return failed.length > 0 && failed.every(({ stepid }) => isExcused(state.failures.get(stepid)));
}

function isExcused(failure: StepFailure | undefined): boolean {
  if (failure === undefined) return false;
  const { mark, marks, testsFailed } = failure;
  if (testsFailed > 0) return (marks.new ?? 0) === 0 && (marks.unknown ?? 0) === 0;
  return mark === 'also-on-base' || mark === 'flaky';
}
