import { parseDuration } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortTimeLeft, timeLeftText } from './time-left.ts';

describe('time left in words', () => {
  it.each([
    [null, 0, 'no estimate yet'],
    [null, 1, 'no estimate yet (1 past build)'],
    [null, 2, 'no estimate yet (2 past builds)'],
    [{ low: 0, middle: 0, high: 0 }, 9, 'longer than usual'],
    [{ low: 170_200, middle: 200_000, high: 301_000 }, 12, '~3m20s left (2m51s–5m01s, 12 past builds)'],
    [{ low: 0, middle: 100, high: 2400 }, 3, '~1s left (0s–3s, 3 past builds)'],
  ])('%o of %i builds is %s', (left, samples, text) => {
    expect(timeLeftText(left, samples)).toBe(text);
  });

  it('never put the middle outside its own range', () => {
    const times = fc.array(fc.nat({ max: 200_000_000 }), { minLength: 3, maxLength: 3 });
    const near = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 3, maxLength: 3 });
    const ms = (text = '') => {
      const parsed = parseDuration(text);
      return parsed.ok ? parsed.ms : Number.NaN;
    };
    fc.assert(
      fc.property(fc.oneof(times, near), (some) => {
        const [low = 0, middle = 0, high = 0] = some.toSorted((a, b) => a - b);
        fc.pre(high > 0);
        const [, ...said] = /^~(\w+) left \((\w+)–(\w+), /.exec(timeLeftText({ low, middle, high }, 6)) ?? [];
        const [saidMiddle = Number.NaN, saidLow = Number.NaN, saidHigh = Number.NaN] = said.map(ms);
        expect(saidLow).toBeLessThanOrEqual(saidMiddle);
        expect(saidMiddle).toBeLessThanOrEqual(saidHigh);
      }),
    );
  });

  it('is one figure in a row', () => {
    expect(
      [null, { low: 0, middle: 0, high: 0 }, { low: 1, middle: 61_400, high: 90_000 }].map(shortTimeLeft),
    ).toEqual(['', 'overdue', '~1m02s']);
  });
});
