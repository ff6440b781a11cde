import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type StepEffect, type StepState, stepTransition } from './step.ts';

test('a stop ends the running command once', () => {
  expect(stepTransition('running', 'stop')).toEqual({ state: 'stopping', effects: ['stop-command'] });
  expect(stepTransition('stopping', 'stop')).toEqual({ state: 'stopping', effects: [] });
});

test('a stop that comes too late is harmless', () => {
  expect(stepTransition('complete', 'stop')).toEqual({ state: 'complete', effects: [] });
});

test('what cannot happen is a bug and is named', () => {
  expect(() => stepTransition('waiting', 'end')).toThrow("a waiting step cannot take 'end'");
  expect(() => stepTransition('complete', 'start')).toThrow("a complete step cannot take 'start'");
});

test('stops at any moment leave exactly one record of the end', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('stop', 'end'), { maxLength: 20 }), (events) => {
      let state: StepState = stepTransition('waiting', 'start').state;
      const effects: StepEffect[] = [];
      for (const event of events as ('stop' | 'end')[]) {
        if (state === 'complete' && event === 'end') continue;
        const next = stepTransition(state, event);
        effects.push(...next.effects);
        state = next.state;
      }
      expect(effects.filter((effect) => effect === 'record')).toHaveLength(events.includes('end') ? 1 : 0);
      expect(effects.filter((effect) => effect === 'stop-command').length).toBeLessThanOrEqual(1);
    }),
  );
});
