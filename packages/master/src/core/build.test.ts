import { CANCELLED, EXCEPTION, FAILURE, type Results, SUCCESS } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type BuildEffect,
  type BuildEvent,
  type BuildState,
  buildTransition,
  newBuild,
  type PastStep,
  resumedBuild,
} from './build.ts';
import type { StepRules } from './flow.ts';

const order = { by: 'alice', reason: 'wrong branch', at: 5 };

function step(name: string, change: Partial<StepRules> = {}): StepRules {
  return {
    name,
    label: name,
    haltOnFailure: false,
    flunkOnFailure: true,
    flunkOnWarnings: false,
    warnOnFailure: false,
    warnOnWarnings: true,
    alwaysRun: false,
    ...change,
  };
}

/** Feed events one after the other; all effects. */
function play(steps: StepRules[], events: BuildEvent[]): BuildEffect[] {
  let state = newBuild(steps);
  return events.flatMap((event) => {
    const next = buildTransition(state, event);
    state = next.state;
    return next.effects;
  });
}

const ended = (results: Results): BuildEvent => ({ type: 'step-ended', results });
const verdict = (results: Results, stateString: string): BuildEffect => ({
  type: 'finish',
  end: { kind: 'verdict', results, stateString },
});

test('runs its steps in order and ends with the worst result', () => {
  expect(play([step('a'), step('b')], [{ type: 'begin' }, ended(SUCCESS), ended(FAILURE)])).toEqual([
    { type: 'start-step', index: 0 },
    { type: 'start-step', index: 1 },
    verdict(FAILURE, "failed 'b'"),
  ]);
});

test('a build without steps is successful', () => {
  expect(play([], [{ type: 'begin' }])).toEqual([verdict(SUCCESS, 'build successful')]);
});

test('after a step that halts only steps that always run follow', () => {
  const steps = [step('git', { haltOnFailure: true }), step('test'), step('clean', { alwaysRun: true })];
  expect(play(steps, [{ type: 'begin' }, ended(FAILURE), ended(SUCCESS)])).toEqual([
    { type: 'start-step', index: 0 },
    { type: 'start-step', index: 2 },
    verdict(FAILURE, "failed 'git'"),
  ]);
});

test('a stop ends the running step, lets the tidying run and reads cancelled by the first to ask', () => {
  const steps = [step('test'), step('pack'), step('clean', { alwaysRun: true })];
  const again: BuildEvent = { type: 'stop', order: { ...order, by: 'bob' } };
  const events: BuildEvent[] = [
    { type: 'begin' },
    { type: 'stop', order },
    again,
    ended(CANCELLED),
    ended(FAILURE),
  ];
  expect(play(steps, events)).toEqual([
    { type: 'start-step', index: 0 },
    { type: 'stop-step', order },
    { type: 'start-step', index: 2 },
    verdict(CANCELLED, 'cancelled by alice: wrong branch'),
  ]);
});

test('a stop before the first step runs none', () => {
  expect(play([step('test')], [{ type: 'stop', order }, { type: 'begin' }])).toEqual([
    verdict(CANCELLED, 'cancelled by alice: wrong branch'),
  ]);
});

test('a stop that arrives when the step had succeeded still cancels, as the order was accepted', () => {
  expect(play([step('test')], [{ type: 'begin' }, { type: 'stop', order }, ended(SUCCESS)]).at(-1)).toEqual(
    verdict(CANCELLED, 'cancelled by alice: wrong branch'),
  );
});

test('a lost worker ends the build at once without a verdict', () => {
  const steps = [step('test'), step('clean', { alwaysRun: true })];
  expect(play(steps, [{ type: 'begin' }, { type: 'lost', reason: 'worker w1 was lost' }]).at(-1)).toEqual({
    type: 'finish',
    end: { kind: 'infrastructure', reason: 'worker w1 was lost' },
  });
});

test('what was called off stays called off when its worker is lost', () => {
  const events: BuildEvent[] = [{ type: 'begin' }, { type: 'stop', order }, { type: 'lost', reason: 'gone' }];
  expect(play([step('test')], events).at(-1)).toEqual(verdict(CANCELLED, 'cancelled by alice: wrong branch'));
});

test('a build whose recipe has changed under it begins anew, unless somebody called it off', () => {
  const outdated: BuildEvent = { type: 'outdated', reason: "step 'test' was changed" };
  expect(play([step('test')], [{ type: 'begin' }, outdated]).at(-1)).toEqual({
    type: 'finish',
    end: { kind: 'outdated', reason: "step 'test' was changed" },
  });
  expect(play([step('test')], [{ type: 'begin' }, { type: 'stop', order }, outdated]).at(-1)).toEqual(
    verdict(CANCELLED, 'cancelled by alice: wrong branch'),
  );
});

test('a build whose worker was taken out of service begins anew, unless somebody called it off', () => {
  const withdrawn: BuildEvent = { type: 'withdrawn', reason: 'worker w1: on fire' };
  expect(play([step('test')], [{ type: 'begin' }, withdrawn]).at(-1)).toEqual({
    type: 'finish',
    end: { kind: 'withdrawn', reason: 'worker w1: on fire' },
  });
  expect(play([step('test')], [{ type: 'begin' }, { type: 'stop', order }, withdrawn]).at(-1)).toEqual(
    verdict(CANCELLED, 'cancelled by alice: wrong branch'),
  );
});

test('what cannot happen is a bug and is named', () => {
  expect(() => buildTransition(newBuild([step('a')]), ended(SUCCESS))).toThrow("cannot take 'step-ended'");
  const { state } = buildTransition(newBuild([step('a')]), { type: 'begin' });
  expect(() => buildTransition(state, { type: 'begin' })).toThrow(
    "a running build at step 0 cannot take 'begin'",
  );
});

const anyStep = fc.record({
  haltOnFailure: fc.boolean(),
  flunkOnFailure: fc.boolean(),
  alwaysRun: fc.boolean(),
});
const anyEvent: fc.Arbitrary<BuildEvent> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<Results>(0, 1, 2, 3, 4).map(ended) },
  { weight: 1, arbitrary: fc.constant<BuildEvent>({ type: 'stop', order }) },
  { weight: 1, arbitrary: fc.constant<BuildEvent>({ type: 'lost', reason: 'gone' }) },
);

test('whatever happens in whatever order, a build runs one step at a time and finishes exactly once', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 6 }),
      fc.array(anyEvent, { maxLength: 30 }),
      (shapes, events) => {
        const steps = shapes.map((shape, i) => step(`s${i}`, shape));
        let state: BuildState = newBuild(steps);
        const finishes: BuildEffect[] = [];
        let started = -1;
        const feed = (event: BuildEvent): void => {
          const before = state;
          const next = buildTransition(state, event);
          state = next.state;
          for (const effect of next.effects) {
            if (effect.type === 'finish') finishes.push(effect);
            if (effect.type !== 'start-step') continue;
            expect(effect.index).toBeGreaterThan(started);
            if (before.order !== null) expect(steps[effect.index]?.alwaysRun).toBe(true);
            started = effect.index;
          }
        };
        feed({ type: 'begin' });
        for (const event of events) if (event.type !== 'step-ended' || state.current !== null) feed(event);
        while (state.current !== null) feed(ended(SUCCESS));
        expect(state.phase).toBe('complete');
        expect(finishes).toHaveLength(1);
        const [finish] = finishes;
        if (state.order !== null)
          expect(finish).toEqual(verdict(CANCELLED, 'cancelled by alice: wrong branch'));
      },
    ),
  );
});

test('an exception of a step ends the build', () => {
  expect(play([step('a'), step('b')], [{ type: 'begin' }, ended(EXCEPTION)]).at(-1)).toEqual(
    verdict(EXCEPTION, "exception in 'a'"),
  );
});

/** What the store would hold of a build that went this way: its steps, and the order to stop it. */
function live(steps: StepRules[], events: readonly BuildEvent[]) {
  const past: PastStep[] = [];
  let { state, effects } = buildTransition(newBuild(steps), { type: 'begin' });
  const begin = (): void => {
    for (const effect of effects)
      if (effect.type === 'start-step') past.push({ number: effect.index, results: null });
  };
  begin();
  for (const event of events) {
    if (state.phase === 'complete') break;
    if (event.type === 'step-ended') past.push({ ...(past.pop() as PastStep), results: event.results });
    ({ state, effects } = buildTransition(state, event));
    begin();
  }
  return { state, effects, past };
}

test('a build that is taken up from what is stored stands where it stood, at every moment', () => {
  const anyHistory = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<Results>(0, 1, 2, 3, 4, 6).map(ended) },
      { weight: 1, arbitrary: fc.constant<BuildEvent>({ type: 'stop', order }) },
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 6 }), anyHistory, (shapes, events) => {
      const steps = shapes.map((shape, i) => step(`s${i}`, shape));
      const { state, effects, past } = live(steps, events);
      const open = past.some(({ results }) => results === null);
      let resumed = resumedBuild(steps, past, state.order);
      if (open) expect(resumed.effects).toEqual([{ type: 'start-step', index: state.current }]);
      else expect(resumed.effects).toEqual(effects);
      if (open && state.order !== null)
        resumed = buildTransition(resumed.state, { type: 'stop', order: state.order });
      expect(resumed.state).toEqual(state);
      // The same when the row of the step that comes next was not written yet.
      if (past.at(-1)?.results !== null || events.at(-1)?.type !== 'step-ended') return;
      expect(resumedBuild(steps, past.slice(0, -1), state.order)).toEqual({ state, effects });
    }),
  );
});
