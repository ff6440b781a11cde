import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fractionDone, type PastBuild, profileOf, remaining } from './estimate.ts';

const past = (...totals: number[]): PastBuild[] =>
  totals.map((ms) => ({
    totalMs: ms * 2,
    steps: [
      { name: 'git', durationMs: ms },
      { name: 'test', durationMs: ms },
    ],
  }));

const notBegun = { elapsedMs: 0, finished: new Set<string>(), running: null };

test('says nothing before three past builds', () => {
  expect(profileOf(past(10, 20)).total).toBeNull();
  expect(remaining(profileOf(past(10, 20)), notBegun)).toBeNull();
  expect(fractionDone(profileOf([]), notBegun)).toBeNull();
});

test('takes the median of each step, so one slow build changes little', () => {
  const profile = profileOf(past(10, 11, 12, 13, 10_000));
  expect(profile.steps.map((step) => step.middle)).toEqual([12, 12]);
});

test('counts down through finished and running steps', () => {
  const profile = profileOf(past(100, 100, 100));
  expect(remaining(profile, notBegun)?.middle).toBe(200);
  const inTest = { elapsedMs: 140, finished: new Set(['git']), running: { name: 'test', elapsedMs: 40 } };
  expect(remaining(profile, inTest)?.middle).toBe(60);
  expect(fractionDone(profile, inTest)).toBeCloseTo(0.7);
});

test('leaves out steps that the newest build no longer has', () => {
  const [newest, ...older] = past(10, 10, 10);
  const profile = profileOf([
    { totalMs: 10, steps: [{ name: 'git', durationMs: 10 }] },
    ...older,
    newest as PastBuild,
  ]);
  expect(profile.steps.map((step) => step.name)).toEqual(['git']);
});

test('is ordered low to high and never negative, whatever the past', () => {
  const duration = fc.nat({ max: 1e9 });
  fc.assert(
    fc.property(fc.array(duration, { minLength: 3, maxLength: 30 }), duration, (durations, elapsedMs) => {
      const left = remaining(profileOf(past(...durations)), {
        elapsedMs,
        finished: new Set(),
        running: { name: 'git', elapsedMs },
      });
      if (left === null) throw new Error('expected an estimate');
      expect(left.low).toBeGreaterThanOrEqual(0);
      expect(left.middle).toBeGreaterThanOrEqual(left.low);
      expect(left.high).toBeGreaterThanOrEqual(left.middle);
    }),
  );
});
