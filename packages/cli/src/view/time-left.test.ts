import { describe, expect, it } from 'vitest';
import { shortTimeLeft, timeLeftText } from './time-left.ts';

describe('time left in words', () => {
  it.each([
    [null, 0, 'no estimate yet'],
    [null, 1, 'no estimate yet (1 past build)'],
    [null, 2, 'no estimate yet (2 past builds)'],
    [{ low: 0, middle: 0, high: 0 }, 9, 'longer than usual'],
    [{ low: 170_200, middle: 200_000, high: 301_000 }, 12, '~3m20s left (2m50s–5m01s, 12 past builds)'],
    [{ low: 0, middle: 100, high: 2400 }, 3, '~1s left (0s–2s, 3 past builds)'],
  ])('%o of %i builds is %s', (left, samples, text) => {
    expect(timeLeftText(left, samples)).toBe(text);
  });

  it('is one figure in a row', () => {
    expect(
      [null, { low: 0, middle: 0, high: 0 }, { low: 1, middle: 61_400, high: 90_000 }].map(shortTimeLeft),
    ).toEqual(['', 'overdue', '~1m01s']);
  });
});
