import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_RETRY_POLICY, decideRetry, retryText, shelvedBuildText } from './retry.ts';

const policy = DEFAULT_RETRY_POLICY;

test('waits longer from failure to failure and shelves after the last', () => {
  expect(decideRetry(policy, 1)).toEqual({ kind: 'retry', delay: 30_000 });
  expect(decideRetry(policy, 2)).toEqual({ kind: 'retry', delay: 120_000 });
  expect(decideRetry(policy, 3)).toEqual({ kind: 'shelve' });
});

test('delays only grow, none is longer than the longest, and no request is tried for ever', () => {
  const anyPolicy = fc.record({
    attempts: fc.integer({ min: 1, max: 50 }),
    delay: fc.nat({ max: 100_000 }),
    factor: fc.integer({ min: 1, max: 100 }),
    maxDelay: fc.nat({ max: 10_000_000 }),
  });
  fc.assert(
    fc.property(anyPolicy, (given) => {
      let last = 0;
      for (let failures = 1; failures < given.attempts; failures++) {
        const decision = decideRetry(given, failures);
        if (decision.kind !== 'retry') throw new Error(`shelved after ${failures} of ${given.attempts}`);
        expect(decision.delay).toBeGreaterThanOrEqual(last);
        expect(decision.delay).toBeLessThanOrEqual(given.maxDelay);
        last = decision.delay;
      }
      expect(decideRetry(given, given.attempts)).toEqual({ kind: 'shelve' });
    }),
  );
});

test('says what happened and what came next, in words that stay true', () => {
  expect(retryText('worker w1 was lost', { failures: 1, attempts: 3, delay: 30_000 })).toBe(
    'worker w1 was lost (failure 1 of 3, tried again after 30s)',
  );
  expect(retryText('gone', { failures: 2, attempts: 3, delay: 0 })).toBe(
    'gone (failure 2 of 3, tried again at once)',
  );
});

test('says how to take a request off the shelf', () => {
  expect(shelvedBuildText('worker w1 was lost', { failures: 3, requestId: 17 })).toBe(
    'shelved after 3 attempts: worker w1 was lost; to try again: buildbot unshelve 17',
  );
  expect(shelvedBuildText('gone', { failures: 1, requestId: 2 })).toContain('shelved after 1 attempt: gone');
});
