import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

it('waits between half and all of a doubling delay, never over 15 seconds', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const ceiling = Math.min(15_000, 250 * 2 ** Math.min(attempt, 20));
      const ms = backoffMs(attempt, () => random);
      return ms >= ceiling / 2 - 1 && ms <= ceiling;
    }),
  );
  expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, () => 0))).toEqual([125, 250, 500, 1000]);
});
