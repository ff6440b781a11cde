import { expect, test } from 'vitest';
import type { SessionState } from '../session/session.ts';
import { firstAnswer } from './first-answer.ts';

const failed = (reason: string): SessionState => ({ kind: 'waiting', reason, delayMs: 10 });
const connected: SessionState = { kind: 'connected', url: 'ws://m' };

/** The answer after these states, with so many addresses. */
async function answerTo(states: SessionState[], masters = 1, patienceMs = 20_000) {
  let tell: (state: SessionState) => void = () => undefined;
  const answer = firstAnswer({
    masters,
    patienceMs,
    onState: (listener) => {
      tell = listener;
      return () => {
        tell = () => undefined;
      };
    },
  });
  for (const state of states) tell(state);
  return await answer;
}

test('a master that lets the worker in is the answer, also after others did not', async () => {
  expect(await answerTo([connected])).toEqual({ connected: 'ws://m' });
  expect(await answerTo([failed('refused'), connected], 2)).toEqual({ connected: 'ws://m' });
});

test('when every address has failed once, the last reason is the answer', async () => {
  expect(await answerTo([failed('a'), failed('b'), connected], 2)).toEqual({ notYet: 'b' });
});

test('a worker that was sent away has no answer of its own: it ends with the reason', async () => {
  expect(await answerTo([{ kind: 'stopped', cause: 'refused', reason: 'no' }])).toBeNull();
});

test('masters that say nothing are not waited for for ever', async () => {
  expect(await answerTo([], 1, 1)).toEqual({ notYet: 'no master has answered so far' });
});
