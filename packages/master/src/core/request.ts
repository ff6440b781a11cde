/**
 * States of a build request. `cancelling` is a claimed request that somebody wants cancelled: its build has been told
 * to stop, and however that build ends the request is complete. The store keeps it as `claimed` with a stop order.
 * `shelved` failed too often for reasons that say nothing about the source, and waits for a person.
 */
import { BugError, type BuildRequest } from '@buildbot/shared';

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

const withoutEffect = (state: RequestState): RequestTransition => ({ state, effects: [] });
const CALLED_OFF: RequestTransition = { state: 'complete', effects: ['complete-cancelled'] };
const DONE: RequestTransition = { state: 'complete', effects: ['complete'] };
const REQUEUED: RequestTransition = { state: 'pending', effects: ['requeue'] };

const TRANSITIONS: Readonly<Record<RequestState, Partial<Record<RequestEvent, RequestTransition>>>> = {
  pending: { claim: withoutEffect('claimed'), cancel: CALLED_OFF },
  claimed: {
    cancel: { state: 'cancelling', effects: ['stop-build'] },
    retry: REQUEUED,
    shelve: { state: 'shelved', effects: ['ask-person'] },
    done: DONE,
  },
  // A retry would bring back what somebody has called off, and nobody needs to be asked about it.
  cancelling: { cancel: withoutEffect('cancelling'), retry: CALLED_OFF, shelve: CALLED_OFF, done: DONE },
  shelved: { cancel: CALLED_OFF, unshelve: REQUEUED },
  // Too late is not wrong: people and races cancel what has just ended.
  complete: { cancel: withoutEffect('complete') },
};

/** The state a stored request is in. */
export function requestState(request: Pick<BuildRequest, 'state' | 'cancel'>): RequestState {
  return request.state === 'claimed' && request.cancel !== null ? 'cancelling' : request.state;
}

/** Where an event leads. One that the state cannot take is a `BugError`. */
export function requestTransition(state: RequestState, event: RequestEvent): RequestTransition {
  const transition = TRANSITIONS[state][event];
  if (transition === undefined) throw new BugError(`a ${state} build request cannot take '${event}'`);
  return transition;
}

/** The states in which a request can take an event. */
export function statesThatTake(event: RequestEvent): RequestState[] {
  return REQUEST_STATES.filter((state) => TRANSITIONS[state][event] !== undefined);
}
