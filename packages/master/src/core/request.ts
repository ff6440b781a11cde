/**
 * States of a build request. `cancelling` is a claimed request that somebody wants cancelled: its build has been told
 * to stop, and however that build ends the request is complete. The store keeps it as `claimed` with a stop order.
 * `shelved` failed too often for reasons that say nothing about the source, and waits for a person.
 */
import { BugError, type BuildRequest, unreachable } from '@buildbot/shared';

export const REQUEST_STATES = ['pending', 'claimed', 'cancelling', 'shelved', 'complete'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/**
 * `retry`: its build ended without a verdict. `shelve`: so did the last one that it was granted. `done`: its build ended
 * with the request's result.
 */
export const REQUEST_EVENTS = ['claim', 'cancel', 'retry', 'shelve', 'unshelve', 'done'] as const;
export type RequestEvent = (typeof REQUEST_EVENTS)[number];

export type RequestEffect =
  /** Complete it as CANCELLED now: there is no build to wait for. */
  | 'complete-cancelled'
  /** Order its build to stop. */
  | 'stop-build'
  /** Put it back into the queue. */
  | 'requeue'
  /** Tell people that it waits for one of them. */
  | 'ask-person'
  /** Complete it with the result of its build. */
  | 'complete';

export interface RequestTransition {
  state: RequestState;
  effects: RequestEffect[];
}

const unchanged = (state: RequestState): RequestTransition => ({ state, effects: [] });

/** The state a stored request is in. */
export function requestState(request: Pick<BuildRequest, 'state' | 'cancel'>): RequestState {
  return request.state === 'claimed' && request.cancel !== null ? 'cancelling' : request.state;
}

export function requestTransition(state: RequestState, event: RequestEvent): RequestTransition {
  switch (state) {
    case 'pending':
      if (event === 'claim') return { state: 'claimed', effects: [] };
      if (event === 'cancel') return { state: 'complete', effects: ['complete-cancelled'] };
      return illegal(state, event);
    case 'claimed':
      if (event === 'cancel') return { state: 'cancelling', effects: ['stop-build'] };
      if (event === 'retry') return { state: 'pending', effects: ['requeue'] };
      if (event === 'shelve') return { state: 'shelved', effects: ['ask-person'] };
      if (event === 'done') return { state: 'complete', effects: ['complete'] };
      return illegal(state, event);
    case 'cancelling':
      if (event === 'cancel') return unchanged(state);
      // A retry would bring back what somebody has called off, and nobody needs to be asked about it.
      if (event === 'retry' || event === 'shelve')
        return { state: 'complete', effects: ['complete-cancelled'] };
      if (event === 'done') return { state: 'complete', effects: ['complete'] };
      return illegal(state, event);
    case 'shelved':
      if (event === 'cancel') return { state: 'complete', effects: ['complete-cancelled'] };
      if (event === 'unshelve') return { state: 'pending', effects: ['requeue'] };
      return illegal(state, event);
    case 'complete':
      // Too late is not wrong: people and races cancel what has just ended.
      if (event === 'cancel') return unchanged(state);
      return illegal(state, event);
    default:
      return unreachable(state);
  }
}

function illegal(state: RequestState, event: RequestEvent): never {
  throw new BugError(`a ${state} build request cannot take '${event}'`);
}
