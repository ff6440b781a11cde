import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_RETRY_POLICY, decideRetry, retryText } from './retry.ts';

const policy = DEFAULT_RETRY_POLICY;

test('waits longer from attempt to attempt and gives up after the last', () => {
  expect(decideRetry(policy, 1, 1000)).toEqual({ kind: 'retry', notBefore: 31_000 });
  expect(decideRetry(policy, 2, 1000)).toEqual({ kind: 'retry', notBefore: 121_000 });
  expect(decideRetry(policy, 3, 1000)).toEqual({ kind: 'give-up' });
});

test('no delay is longer than the longest and no request is tried for ever', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), (attempts, attempt) => {
      const decision = decideRetry({ ...policy, attempts }, attempt, 0);
      if (attempt >= attempts) expect(decision.kind).toBe('give-up');
      else if (decision.kind === 'retry') expect(decision.notBefore).toBeLessThanOrEqual(policy.maxDelayMs);
    }),
  );
});

test('says what happened and what comes next', () => {
  const again = decideRetry(policy, 1, 0);
  expect(retryText('worker w1 was lost', policy, 1, again, 0)).toBe(
    'worker w1 was lost (attempt 1 of 3, again in 30s)',
  );
  expect(retryText('worker w1 was lost', policy, 3, { kind: 'give-up' }, 0)).toBe(
    'worker w1 was lost (attempt 3, given up)',
  );
  expect(retryText('gone', policy, 1, { kind: 'retry', notBefore: 0 }, 0)).toBe(
    'gone (attempt 1 of 3, again at once)',
  );
});
