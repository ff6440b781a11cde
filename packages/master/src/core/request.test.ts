import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  REQUEST_EVENTS,
  REQUEST_STATES,
  type RequestEffect,
  type RequestEvent,
  type RequestState,
  requestState,
  requestTransition,
  statesThatTake,
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

test('a person takes a request off the shelf, or calls it off', () => {
  expect(requestTransition('claimed', 'shelve')).toEqual({ state: 'shelved', effects: ['ask-person'] });
  expect(requestTransition('shelved', 'unshelve')).toEqual({ state: 'pending', effects: ['requeue'] });
  expect(requestTransition('shelved', 'cancel')).toEqual({
    state: 'complete',
    effects: ['complete-cancelled'],
  });
});

test('nobody is asked about what was called off', () => {
  expect(requestTransition('cancelling', 'shelve')).toEqual({
    state: 'complete',
    effects: ['complete-cancelled'],
  });
});

test('a stored request that is claimed and cancelled is cancelling', () => {
  expect(requestState({ state: 'claimed', cancel: order })).toBe('cancelling');
  expect(requestState({ state: 'claimed', cancel: null })).toBe('claimed');
  expect(requestState({ state: 'complete', cancel: order })).toBe('complete');
});

test('cancelling what is complete changes nothing; everything else is refused there', () => {
  expect(requestTransition('complete', 'cancel')).toEqual({ state: 'complete', effects: [] });
  for (const event of REQUEST_EVENTS.filter((name) => name !== 'cancel')) {
    expect(() => requestTransition('complete', event)).toThrow(
      `a complete build request cannot take '${event}'`,
    );
  }
});

test('a state takes just the events that lead somewhere', () => {
  expect(statesThatTake('claim')).toEqual(['pending']);
  for (const event of REQUEST_EVENTS) {
    const takes = REQUEST_STATES.filter((state) => possible(state).includes(event));
    expect(statesThatTake(event)).toEqual(takes);
  }
});

/** What the world can do to a request: builds end only while there is one, claims come only for pending ones. */
function possible(state: RequestState): RequestEvent[] {
  switch (state) {
    case 'pending':
      return ['claim', 'cancel'];
    case 'shelved':
      return ['cancel', 'unshelve'];
    case 'complete':
      return ['cancel'];
    default:
      return ['cancel', 'retry', 'shelve', 'done'];
  }
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
        if (cancelled) expect(['pending', 'shelved']).not.toContain(next.state);
        state = next.state;
        expect(REQUEST_STATES).toContain(state);
      }
      expect(completions).toBe(state === 'complete' ? 1 : 0);
    }),
  );
});
