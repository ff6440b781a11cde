import { describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf, finalResults, verdictText } from './verdict.ts';

describe('exit codes of a try', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 0],
    [4, 4],
    [5, 4],
    [6, 3],
  ] as const)('result %i ends the process with %i', (results, code) => {
    expect(exitCodeOf(results)).toBe(code);
  });

  it('are the documented ones', () => {
    expect(EXIT).toEqual({
      passed: 0,
      failed: 1,
      usage: 2,
      cancelled: 3,
      infrastructure: 4,
      notLetIn: 5,
      detached: 75,
      timedOut: 124,
      interrupted: 130,
    });
  });
});

it('takes −1 for no result yet, as Buildbot has it', () => {
  expect([finalResults(-1), finalResults(null), finalResults(2)]).toEqual([null, null, 2]);
});

it('has a word for every result', () => {
  const words = ([null, 0, 1, 2, 3, 4, 5, 6] as const).map((results) => verdictText(results));
  expect(new Set([...words, verdictText(4, true)]).size).toBe(9);
});
