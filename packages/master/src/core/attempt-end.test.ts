import { CANCELLED, EXCEPTION, FAILURE, RETRY, type Results, SUCCESS } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AttemptEndInput, attemptEnd } from './attempt-end.ts';
import type { BuildEnd } from './build.ts';
import type { Loss } from './common-loss.ts';
import { DEFAULT_RETRY_POLICY } from './retry.ts';
import { DEFAULT_SUSPECT_POLICY } from './suspect.ts';

function endOf(end: BuildEnd, failures = 0, losses: Loss[] = []) {
  const policies = { retry: DEFAULT_RETRY_POLICY, suspect: DEFAULT_SUSPECT_POLICY };
  return attemptEnd({
    end,
    failures,
    requestId: 17,
    ...policies,
    losses,
    now: 1000,
  } satisfies AttemptEndInput);
}

const lost: BuildEnd = { kind: 'infrastructure', reason: 'worker w1 was lost' };
const verdict = (results: Results): BuildEnd => ({ kind: 'verdict', results, stateString: 'done' });

test('a lost build is tried again, is no verdict, and is a loss of its worker', () => {
  expect(endOf(lost)).toEqual({
    results: RETRY,
    stateString: 'worker w1 was lost (failure 1 of 3, tried again after 30s)',
    infrastructure: true,
    request: { kind: 'retry', notBefore: 31_000 },
    worker: { kind: 'lost', reason: 'worker w1 was lost', policy: DEFAULT_SUSPECT_POLICY },
  });
});

test('the last failure that is granted puts the request on the shelf', () => {
  expect(endOf(lost, 2)).toMatchObject({
    results: EXCEPTION,
    stateString: 'shelved after 3 attempts: worker w1 was lost; to try again: buildbot unshelve 17',
    infrastructure: true,
    request: { kind: 'shelve', reason: 'worker w1 was lost' },
  });
});

test('a build whose worker was withdrawn is tried again at once and elsewhere, and counts against nobody', () => {
  expect(endOf({ kind: 'withdrawn', reason: 'worker w1: on fire' }, 2)).toEqual({
    results: RETRY,
    stateString: 'worker w1: on fire',
    infrastructure: false,
    request: { kind: 'retry', notBefore: null, elsewhere: true },
    worker: null,
  });
});

test('what is shelved says what its attempts had in common', () => {
  const losses = ['w2', 'w1', 'w2'].map((worker) => ({ worker, step: 'test' }));
  const reason = "worker w1 was lost (each time in step 'test', on w1 and w2)";
  expect(endOf(lost, 2, losses)).toMatchObject({
    stateString: `shelved after 3 attempts: ${reason}; to try again: buildbot unshelve 17`,
    request: { kind: 'shelve', reason },
    worker: { reason: 'worker w1 was lost' },
  });
});

test('a verdict completes the request and speaks for the worker, a failed one as well', () => {
  for (const results of [SUCCESS, FAILURE] as const) {
    expect(endOf(verdict(results), 2)).toEqual({
      results,
      stateString: 'done',
      infrastructure: false,
      request: { kind: 'complete' },
      worker: { kind: 'well' },
    });
  }
});

test('a build that was called off, or whose step broke, is no failure of the infrastructure nor of its worker', () => {
  for (const results of [CANCELLED, EXCEPTION] as const) {
    expect(endOf(verdict(results))).toMatchObject({
      results,
      infrastructure: false,
      worker: null,
      request: { kind: 'complete' },
    });
  }
});

test('however builds end, a request has at most as many failures as it was granted', () => {
  const ends = fc.array(fc.constantFrom(lost, verdict(SUCCESS), verdict(CANCELLED)), { maxLength: 20 });
  fc.assert(
    fc.property(ends, (sequence) => {
      let failures = 0;
      for (const end of sequence) {
        const { request, infrastructure } = endOf(end, failures);
        if (infrastructure) failures++;
        expect(failures).toBeLessThanOrEqual(DEFAULT_RETRY_POLICY.attempts);
        if (request.kind !== 'retry') return;
      }
    }),
  );
});
