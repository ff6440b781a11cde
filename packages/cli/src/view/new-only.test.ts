import type { Mark, StepFailure } from '@buildbot/shared';
import { expect, it } from 'vitest';
import { isNothingNew } from './new-only.ts';
import { reduce } from './reduce.ts';
import { EMPTY_STATE } from './state.ts';
import { build, buildSet, request, step, summary } from './testing/resources.ts';

interface Told {
  mark?: Mark | null;
  /** Marks of failed tests. */
  tests?: Mark[];
}

function failureOf({ mark = 'new', tests = [] }: Told): StepFailure {
  const count = (wanted: Mark) => tests.filter((one) => one === wanted).length;
  const marks = {
    ...{ new: count('new'), unknown: count('unknown'), flaky: count('flaky') },
    'also-on-base': count('also-on-base'),
  };
  return { mark, marks, testsFailed: tests.length, tests: [], path: null, line: null };
}

/** A try of one build whose steps failed; `null` is a step of which the master said nothing. */
function stateOf(failures: readonly (Told | null)[], results: 0 | 2 = 2) {
  const steps = failures.map((_, i) => step({ stepid: i + 1, number: i, complete: true, results: 2 }));
  const told = summary({
    buildset: buildSet({ complete: true, results }),
    buildrequests: [request({ complete: true, results })],
    builds: [build({ complete: true, results })],
    steps,
  });
  const known = reduce(EMPTY_STATE, { type: 'summary', summary: told });
  return failures.reduce(
    (state, one, i) =>
      one === null ? state : reduce(state, { type: 'failure', stepId: i + 1, failure: failureOf(one) }),
    known,
  );
}

it.each<[boolean, (Told | null)[]]>([
  [true, [{ tests: ['also-on-base', 'flaky'] }]],
  [true, [{ mark: 'flaky' }, { tests: ['also-on-base'] }]],
  [false, [{ tests: ['also-on-base', 'new'] }]],
  [false, [{ tests: ['flaky', 'unknown'] }]],
  [false, [{ mark: 'also-on-base', tests: ['new'] }]],
  [false, [{ mark: 'flaky' }, { mark: 'unknown' }]],
  [false, [{ mark: null }]],
  [false, [{ mark: 'flaky' }, null]],
  [false, []],
])('nothing is new: %s, for steps %j', (isNothing, failures) => {
  expect(isNothingNew(stateOf(failures))).toBe(isNothing);
});

it('what passed needs no excuse', () => {
  expect(isNothingNew(stateOf([], 0))).toBe(false);
});
