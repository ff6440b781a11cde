import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelay, urgentBound } from './backoff.ts';

const almostOne = () => 0.999_999;

test('the first retry is nearly at once and later ones double up to half a minute', () => {
  expect(backoffDelay(0, almostOne)).toBeLessThan(100);
  expect(backoffDelay(1, almostOne)).toBe(499);
  expect(backoffDelay(2, almostOne)).toBe(999);
  expect(backoffDelay(50, almostOne)).toBe(29_999);
});

test('no attempt waits longer than the cap, and every delay from zero on is possible', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const delay = backoffDelay(attempt, () => random);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(30_000);
      expect(backoffDelay(attempt, () => 0)).toBe(0);
    }),
  );
});

test('several tries fall into any grace of two seconds or more, the last of them in its last second', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2000, max: 3_600_000 }),
      fc.infiniteStream(fc.double({ min: 0.001, max: 0.999_999, noNaN: true })),
      fc.nat(50),
      (graceMs, jitter, failures) => {
        const random = (): number => jitter.next().value as number;
        const tries: number[] = [];
        for (let at = 0; ; ) {
          at += backoffDelay(failures + tries.length, random, urgentBound(graceMs - at));
          if (at >= graceMs || tries.length > 50) break;
          tries.push(at);
        }
        if (tries.length > 50) return;
        expect(tries.length).toBeGreaterThanOrEqual(graceMs >= 10_000 ? 5 : 2);
        expect(tries.at(-1)).toBeGreaterThan(graceMs - 1001);
      },
    ),
  );
});
