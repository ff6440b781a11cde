/**
 * States of a step. `stopping` is a running step whose command has been told to end: it may start no further command.
 */
import { BugError, unreachable } from '@buildbot/shared';

export const STEP_STATES = ['waiting', 'running', 'stopping', 'complete'] as const;
export type StepState = (typeof STEP_STATES)[number];

export type StepEvent = 'start' | 'stop' | 'end';

export type StepEffect =
  /** End the process tree of the command that runs, if one does. */
  | 'stop-command'
  /** Write its result and close its logs. */
  | 'record';

export interface StepTransition {
  state: StepState;
  effects: StepEffect[];
}

export function stepTransition(state: StepState, event: StepEvent): StepTransition {
  switch (state) {
    case 'waiting':
      if (event === 'start') return { state: 'running', effects: [] };
      return illegal(state, event);
    case 'running':
      if (event === 'stop') return { state: 'stopping', effects: ['stop-command'] };
      if (event === 'end') return { state: 'complete', effects: ['record'] };
      return illegal(state, event);
    case 'stopping':
      if (event === 'stop') return { state, effects: [] };
      if (event === 'end') return { state: 'complete', effects: ['record'] };
      return illegal(state, event);
    case 'complete':
      if (event === 'stop') return { state, effects: [] };
      return illegal(state, event);
    default:
      return unreachable(state);
  }
}

function illegal(state: StepState, event: StepEvent): never {
  throw new BugError(`a ${state} step cannot take '${event}'`);
}
