import { CANCELLED, EXCEPTION, FAILURE, type Results, SKIPPED, SUCCESS, WARNINGS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import {
  cancelledText,
  countsAs,
  type EndedStep,
  halts,
  overall,
  type StepRules,
  summary,
  uniqueNames,
} from './flow.ts';

function rules(change: Partial<StepRules> = {}): StepRules {
  return {
    name: 'test',
    label: 'make test',
    haltOnFailure: false,
    flunkOnFailure: true,
    flunkOnWarnings: false,
    warnOnFailure: false,
    warnOnWarnings: true,
    alwaysRun: false,
    ...change,
  };
}

const ended = (results: Results, change: Partial<StepRules> = {}): EndedStep => ({
  rules: rules(change),
  results,
});

test.each<[string, Results, Partial<StepRules>, Results]>([
  ['a failure flunks', FAILURE, {}, FAILURE],
  ['a failure that does not flunk is a success', FAILURE, { flunkOnFailure: false }, SUCCESS],
  [
    'a failure that does not flunk may warn',
    FAILURE,
    { flunkOnFailure: false, warnOnFailure: true },
    WARNINGS,
  ],
  ['a failure that flunks does not only warn', FAILURE, { warnOnFailure: true }, FAILURE],
  ['warnings warn', WARNINGS, {}, WARNINGS],
  ['warnings may flunk', WARNINGS, { flunkOnWarnings: true }, FAILURE],
  ['warnings may be passed over', WARNINGS, { warnOnWarnings: false }, SUCCESS],
  ['a skipped step does not make the build skipped', SKIPPED, {}, SUCCESS],
  ['an exception counts whatever the rules', EXCEPTION, { flunkOnFailure: false }, EXCEPTION],
])('%s', (_claim, results, change, counted) => {
  expect(countsAs(ended(results, change))).toBe(counted);
});

test('a failure halts only where it is told to, an exception or cancellation always', () => {
  expect(halts(ended(FAILURE))).toBe(false);
  expect(halts(ended(FAILURE, { haltOnFailure: true }))).toBe(true);
  expect(halts(ended(EXCEPTION))).toBe(true);
  expect(halts(ended(CANCELLED))).toBe(true);
  expect(halts(ended(WARNINGS, { haltOnFailure: true }))).toBe(false);
});

test('the worst step decides and is named', () => {
  const steps = [ended(WARNINGS, { label: 'lint' }), ended(FAILURE), ended(SUCCESS, { label: 'pack' })];
  expect(overall(steps)).toBe(FAILURE);
  expect(summary(steps)).toBe("failed 'make test'");
});

test('every culprit is named, and a build without one is successful', () => {
  expect(summary([ended(FAILURE, { label: 'lint' }), ended(FAILURE)])).toBe("failed 'lint', 'make test'");
  expect(summary([ended(WARNINGS)])).toBe("warnings 'make test'");
  expect(summary([ended(EXCEPTION)])).toBe("exception in 'make test'");
  expect(summary([])).toBe('build successful');
});

test('says by whom and why something was cancelled', () => {
  expect(cancelledText({ by: 'alice', reason: 'wrong branch' })).toBe('cancelled by alice: wrong branch');
  expect(cancelledText({ by: 'alice', reason: '' })).toBe('cancelled by alice');
});

test('step names become unique without touching those that are', () => {
  expect(uniqueNames(['test', 'test', 'git', 'test_1', 'test'])).toEqual([
    'test',
    'test_1',
    'git',
    'test_1_1',
    'test_2',
  ]);
});
