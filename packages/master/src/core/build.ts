/**
 * A build as a state machine: which step runs next, what a stop order or a lost worker does, and how it all ends.
 * Whoever runs the build feeds it what happened and performs the effects; every path ends in exactly one `finish`.
 *
 * - `running`: steps run in order.
 * - `halting`: a step failed that ends the build; only steps that always run follow.
 * - `stopping`: somebody wants it stopped; the running command is ended, only steps that always run follow.
 * - `complete`: nothing more happens.
 */
import { BugError, CANCELLED, type Results, type StopOrder, unreachable } from '@buildbot/shared';
import { cancelledText, type EndedStep, halts, overall, type StepRules, summary } from './flow.ts';

export interface BuildState {
  phase: 'running' | 'halting' | 'stopping' | 'complete';
  steps: readonly StepRules[];
  /** Steps that have ended, in order. Those passed over are not among them. */
  ended: readonly EndedStep[];
  /** Index of the step that runs, `null` before the first and after the last. */
  current: number | null;
  /** The first order to stop it. */
  order: StopOrder | null;
}

export type BuildEvent =
  | { type: 'begin' }
  | { type: 'step-ended'; results: Results }
  | { type: 'stop'; order: StopOrder }
  /** Nothing more can run: the worker is gone or the machine has failed. */
  | { type: 'lost'; reason: string }
  /** It cannot go on as it began, and nothing failed: its recipe is another one now. */
  | { type: 'outdated'; reason: string }
  /** A person took its worker out of service. */
  | { type: 'withdrawn'; reason: string };

export type BuildEffect =
  | { type: 'start-step'; index: number }
  /** End the process tree of the running step. */
  | { type: 'stop-step'; order: StopOrder }
  | { type: 'finish'; end: BuildEnd };

/**
 * How a build ended. `infrastructure` has no verdict about the source: the retry policy says what follows. `outdated` and
 * `withdrawn` have none either, but nothing failed: it begins anew.
 */
export type BuildEnd =
  | { kind: 'verdict'; results: Results; stateString: string }
  | { kind: 'infrastructure' | 'outdated' | 'withdrawn'; reason: string };

export interface BuildTransition {
  state: BuildState;
  effects: BuildEffect[];
}

/** A build that has not begun. */
export function newBuild(steps: readonly StepRules[]): BuildState {
  return { phase: 'running', steps, ended: [], current: null, order: null };
}

/** What the store knows of a step that has begun; `results` is `null` while it has not ended. */
export interface PastStep {
  number: number;
  results: Results | null;
}

/**
 * A build that an earlier process of the master began, where it stands, and what comes next. Without `past` it is one that
 * begins. `order` is somebody's wish to stop it; while a step is unfinished that one is told of it by a `stop` event.
 */
export function resumedBuild(
  steps: readonly StepRules[],
  past: readonly PastStep[],
  order: StopOrder | null,
): BuildTransition {
  const ended = past.flatMap(({ number, results }): EndedStep[] => {
    const rules = steps[number];
    return rules === undefined || results === null ? [] : [{ rules, results }];
  });
  const open = past.find(({ results }) => results === null);
  const phase = ended.some(halts) ? 'halting' : 'running';
  const state: BuildState = { phase, steps, ended, current: null, order: null };
  if (open !== undefined) {
    const effects: BuildEffect[] = [{ type: 'start-step', index: open.number }];
    return { state: { ...state, current: open.number }, effects };
  }
  const next = (past.at(-1)?.number ?? -1) + 1;
  return advance(order === null ? state : stop(state, order).state, next);
}

export function buildTransition(state: BuildState, event: BuildEvent): BuildTransition {
  if (state.phase === 'complete') return afterTheEnd(state, event);
  switch (event.type) {
    case 'begin':
      if (state.current !== null || state.ended.length > 0) return illegal(state, event);
      return advance(state, 0);
    case 'step-ended':
      return stepEnded(state, event.results);
    case 'stop':
      return stop(state, event.order);
    case 'lost':
      return finish(state, withoutVerdict(state, 'infrastructure', event.reason));
    case 'outdated':
    case 'withdrawn':
      return finish(state, withoutVerdict(state, event.type, event.reason));
    default:
      return unreachable(event);
  }
}

function stepEnded(state: BuildState, results: Results): BuildTransition {
  const rules = state.current === null ? undefined : state.steps[state.current];
  if (state.current === null || rules === undefined) return illegal(state, { type: 'step-ended', results });
  const step = { rules, results };
  const phase = state.phase === 'running' && halts(step) ? 'halting' : state.phase;
  return advance({ ...state, phase, ended: [...state.ended, step] }, state.current + 1);
}

function stop(state: BuildState, order: StopOrder): BuildTransition {
  // The first order stays: its name and reason are what people read.
  if (state.order !== null) return { state, effects: [] };
  const stopping: BuildState = { ...state, phase: 'stopping', order };
  return { state: stopping, effects: state.current === null ? [] : [{ type: 'stop-step', order }] };
}

/** Go on with the first step from `index` that may run, or end the build. */
function advance(state: BuildState, index: number): BuildTransition {
  for (let next = index; next < state.steps.length; next++) {
    if (state.phase === 'running' || state.steps[next]?.alwaysRun) {
      return { state: { ...state, current: next }, effects: [{ type: 'start-step', index: next }] };
    }
  }
  return finish(state, endWhenDone(state));
}

function endWhenDone({ order, ended }: BuildState): BuildEnd {
  if (order !== null) return cancelled(order);
  return { kind: 'verdict', results: overall(ended), stateString: summary(ended) };
}

/** Somebody's order counts more than how the machine failed: what was called off is not tried again. */
function withoutVerdict(
  { order }: BuildState,
  kind: 'infrastructure' | 'outdated' | 'withdrawn',
  reason: string,
): BuildEnd {
  return order === null ? { kind, reason } : cancelled(order);
}

/** The end of a build that somebody stopped, whatever came of it. */
export function cancelled(order: StopOrder): BuildEnd {
  return { kind: 'verdict', results: CANCELLED, stateString: cancelledText(order) };
}

function finish(state: BuildState, end: BuildEnd): BuildTransition {
  return { state: { ...state, phase: 'complete', current: null }, effects: [{ type: 'finish', end }] };
}

function afterTheEnd(state: BuildState, event: BuildEvent): BuildTransition {
  // Too late is not wrong: orders and broken links race with the end.
  if (event.type !== 'begin' && event.type !== 'step-ended') return { state, effects: [] };
  return illegal(state, event);
}

function illegal(state: BuildState, event: BuildEvent): never {
  throw new BugError(`a ${state.phase} build at step ${state.current} cannot take '${event.type}'`);
}
