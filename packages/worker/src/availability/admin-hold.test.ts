import type { AdminWord } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdminHold } from './admin-hold.ts';

const HOUR = 3_600_000;
const said = (at: number, length: number): AdminWord => ({
  ...{ availability: 'unavailable', reason: null, by: null, at, until: at + length },
});

test('a wall clock that is set back prolongs nothing, one that is set forward ends it', () => {
  let [now, monotonic] = [10 * HOUR, 0];
  const hold = new AdminHold({ now: () => now, monotonic: () => monotonic });
  hold.take(said(now, 2 * HOUR));
  [now, monotonic] = [-48 * HOUR, 2 * HOUR - 1];
  expect(hold.verdict().availability).toBe('unavailable');
  monotonic = 2 * HOUR;
  expect(hold.verdict().rule).toBe('default');
  hold.take(said(now, 2 * HOUR));
  expect(hold.verdict().availability).toBe('unavailable');
  now += 2 * HOUR;
  expect(hold.verdict().rule).toBe('default');
});

test('however the wall clock is set, a word holds in one process for at most its length', () => {
  const step = fc.record({
    passed: fc.nat(HOUR),
    jump: fc.integer({ min: -100 * HOUR, max: 100 * HOUR }),
    restart: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 * HOUR }), fc.array(step), (length, steps) => {
      let [now, monotonic, startedAt] = [0, 0, 0];
      const clock = { now: () => now, monotonic: () => monotonic };
      const word = said(now, length);
      let hold = new AdminHold(clock);
      hold.take(word);
      for (const { passed, jump, restart } of steps) {
        [now, monotonic] = [now + passed + jump, monotonic + passed];
        if (restart) {
          hold = new AdminHold(clock);
          startedAt = monotonic;
        }
        // Read again and again, as the watch does.
        hold.take({ ...word });
        if (hold.verdict().availability !== 'eager') expect(monotonic - startedAt).toBeLessThan(length);
      }
    }),
  );
});

test('without an end it holds for ever', () => {
  const hold = new AdminHold({ now: () => 1e13, monotonic: () => 1e13 });
  hold.take({ ...said(0, 1), until: null });
  expect(hold.verdict()).toMatchObject({ availability: 'unavailable', until: null });
  hold.take(null);
  expect(hold.verdict().rule).toBe('default');
});
