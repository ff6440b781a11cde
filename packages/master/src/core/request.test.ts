import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  REQUEST_STATES,
  type RequestEffect,
  type RequestEvent,
  type RequestState,
  requestState,
  requestTransition,
} from './request.ts';

const order = { by: 'alice', reason: 'wrong branch', at: 1 };

test('a pending request is cancelled at once, a claimed one through its build', () => {
  expect(requestTransition('pending', 'cancel')).toEqual({
    state: 'complete',
    effects: ['complete-cancelled'],
  });
  expect(requestTransition('claimed', 'cancel')).toEqual({ state: 'cancelling', effects: ['stop-build'] });
});

test('a retry does not bring back what was called off', () => {
  expect(requestTransition('cancelling', 'retry')).toEqual({
    state: 'complete',
    effects: ['complete-cancelled'],
  });
  expect(requestTransition('claimed', 'retry')).toEqual({ state: 'pending', effects: ['requeue'] });
});

test('a stored request that is claimed and cancelled is cancelling', () => {
  expect(requestState({ state: 'claimed', cancel: order })).toBe('cancelling');
  expect(requestState({ state: 'claimed', cancel: null })).toBe('claimed');
  expect(requestState({ state: 'complete', cancel: order })).toBe('complete');
});

test('cancelling what is complete changes nothing; everything else is refused there', () => {
  expect(requestTransition('complete', 'cancel')).toEqual({ state: 'complete', effects: [] });
  for (const event of ['claim', 'retry', 'done'] as const) {
    expect(() => requestTransition('complete', event)).toThrow(
      `a complete build request cannot take '${event}'`,
    );
  }
});

/** What the world can do to a request: builds end only while there is one, claims come only for pending ones. */
function possible(state: RequestState): RequestEvent[] {
  return state === 'pending'
    ? ['claim', 'cancel']
    : state === 'complete'
      ? ['cancel']
      : ['cancel', 'retry', 'done'];
}

test('whatever happens, a request completes at most once, and never after a cancel goes back to the queue', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
      let state: RequestState = 'pending';
      let completions = 0;
      let cancelled = false;
      for (const choice of choices) {
        const events = possible(state);
        const event = events[choice % events.length] as RequestEvent;
        const next = requestTransition(state, event);
        completions += next.effects.filter((e: RequestEffect) => e.startsWith('complete')).length;
        cancelled ||= event === 'cancel' && state !== 'complete';
        if (cancelled) expect(next.state).not.toBe('pending');
        state = next.state;
        expect(REQUEST_STATES).toContain(state);
      }
      expect(completions).toBe(state === 'complete' ? 1 : 0);
    }),
  );
});
