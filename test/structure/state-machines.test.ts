/** The graphs of docs/state-machines.md and the code name the same transitions, in both directions. */
import { BugError, FAILURE, type Results, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import {
  type BuildEvent,
  type BuildState,
  buildTransition,
  newBuild,
} from '../../packages/master/src/core/build.ts';
import type { StepRules } from '../../packages/master/src/core/flow.ts';
import { REQUEST_EVENTS, REQUEST_STATES, requestTransition } from '../../packages/master/src/core/request.ts';
import { STEP_STATES, type StepEvent, stepTransition } from '../../packages/master/src/core/step.ts';
import { arrow, graph } from './graphs.ts';

/** What `act` gives, or `null` when it says that this cannot happen. */
function ifLegal<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof BugError) return null;
    throw error;
  }
}

/** Every arrow of a machine whose state is a word. */
function walkWords<S extends string, E extends string>(
  states: readonly S[],
  events: readonly E[],
  transition: (state: S, event: E) => { state: S; effects: readonly string[] },
): string[] {
  const arrows = states.flatMap((from) =>
    events.flatMap((event) => {
      const next = ifLegal(() => transition(from, event));
      return next === null ? [] : [arrow(from, next.state, event, next.effects)];
    }),
  );
  return arrows.toSorted();
}

test('a build request', () => {
  expect(graph('request')).toEqual(walkWords(REQUEST_STATES, REQUEST_EVENTS, requestTransition));
});

test('a step', () => {
  const events = Object.keys({ start: 0, stop: 0, end: 0 } satisfies Record<StepEvent, 0>) as StepEvent[];
  expect(graph('step')).toEqual(walkWords(STEP_STATES, events, stepTransition));
});

const order = { by: 'alice', reason: 'enough', at: 1 };
const ended = (results: Results): BuildEvent => ({ type: 'step-ended', results });
const BUILD_EVENTS: BuildEvent[] = [
  { type: 'begin' },
  ended(SUCCESS),
  ended(FAILURE),
  { type: 'stop', order },
  { type: 'lost', reason: 'gone' },
  { type: 'outdated', reason: 'changed' },
  { type: 'withdrawn', reason: 'on fire' },
];

function rules(alwaysRun: boolean): StepRules {
  return {
    ...{ name: 'x', label: 'x', flunkOnFailure: true, flunkOnWarnings: false },
    ...{ warnOnFailure: false, warnOnWarnings: true, haltOnFailure: true, alwaysRun },
  };
}

/** Every arrow that builds with these steps can take: each state that can be reached, and each event there. */
function walkBuild(steps: StepRules[], seen = new Set<string>()): Set<string> {
  const arrows = new Set<string>();
  const open: BuildState[] = [newBuild(steps)];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const known = JSON.stringify(state);
    if (seen.has(known)) continue;
    seen.add(known);
    for (const event of BUILD_EVENTS) {
      const from = state;
      const next = ifLegal(() => buildTransition(from, event));
      if (next === null) continue;
      const effects = next.effects.map(({ type }) => type);
      arrows.add(arrow(from.phase, next.state.phase, event.type, effects));
      open.push(next.state);
    }
  }
  return arrows;
}

test('a build', () => {
  // No step, ordinary ones, tidying ones: every mixture of up to three.
  const kinds = [rules(false), rules(true)];
  const recipes = [
    [],
    ...kinds.map((a) => [a]),
    ...kinds.flatMap((a) => kinds.map((b) => [a, b])),
    ...kinds.flatMap((a) => kinds.flatMap((b) => kinds.map((c) => [a, b, c]))),
  ];
  const arrows = new Set(recipes.flatMap((steps) => [...walkBuild(steps)]));
  expect(graph('build')).toEqual([...arrows].toSorted());
});
