import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_SUSPECT_POLICY, suspectText, suspicionOf } from './suspect.ts';

const policy = DEFAULT_SUSPECT_POLICY;

test('a worker is trusted until it has lost several builds in a row', () => {
  expect(suspicionOf(policy, { losses: 2, reason: 'gone' })).toBeNull();
  expect(suspicionOf(policy, { losses: 3, reason: 'gone' })).toEqual({
    delay: 5 * 60_000,
    reason: 'lost 3 builds in a row, last: gone',
  });
  expect(suspicionOf({ ...policy, after: 1 }, { losses: 1, reason: 'gone' })?.reason).toBe(
    'lost a build, last: gone',
  );
});

test('each further loss makes it wait longer, up to the longest time', () => {
  const delays = [3, 4, 5, 6, 7, 8, 9].map((losses) => suspicionOf(policy, { losses, reason: '' })?.delay);
  expect(delays.map((delay) => (delay ?? 0) / 60_000)).toEqual([5, 10, 20, 40, 80, 120, 120]);
});

test('it is never suspect for ever, however much it loses', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (losses) => {
      const suspicion = suspicionOf(policy, { losses, reason: 'gone' });
      expect(suspicion === null).toBe(losses < policy.after);
      expect(suspicion?.delay ?? 0).toBeLessThanOrEqual(policy.maxDelay);
    }),
  );
});

test('under any policy each further loss makes it wait no less, and never longer than the longest time', () => {
  const anyPolicy = fc.record({
    after: fc.integer({ min: 1, max: 20 }),
    delay: fc.integer({ min: 1, max: 10_000_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    maxDelay: fc.integer({ min: 1, max: 100_000_000 }),
  });
  fc.assert(
    fc.property(anyPolicy, fc.integer({ min: 0, max: 2000 }), (chosen, losses) => {
      const delayAt = (count: number) => suspicionOf(chosen, { losses: count, reason: '' })?.delay ?? 0;
      expect(delayAt(losses + 1)).toBeGreaterThanOrEqual(delayAt(losses));
      expect(delayAt(losses)).toBeLessThanOrEqual(chosen.maxDelay);
      expect(delayAt(losses) > 0).toBe(losses >= chosen.after);
      // A build with a verdict begins the count anew.
      expect(delayAt(0)).toBe(0);
    }),
  );
});

test('says for how long and why', () => {
  expect(suspectText({ forMs: 90_000, reason: 'lost 3 builds in a row, last: gone' })).toBe(
    'suspect for 1m30s more: lost 3 builds in a row, last: gone',
  );
});
