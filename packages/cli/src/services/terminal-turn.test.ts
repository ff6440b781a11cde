import { expect, test } from 'vitest';
import { TerminalTurn } from './terminal-turn.ts';

test('hides what draws while a question is open, and lets nothing new draw before the answer', async () => {
  const told: string[] = [];
  const turn = new TerminalTurn();
  await turn.draw({ hide: () => void told.push('hide'), show: () => void told.push('show') });
  const answer = Promise.withResolvers<string>();
  const asked = turn.ask(() => {
    told.push('ask');
    return answer.promise;
  });
  const next = turn.draw(null).then(() => told.push('next draws'));
  await Promise.resolve();
  expect(told).toEqual(['hide', 'ask']);
  answer.resolve('yes');
  expect(await asked).toBe('yes');
  await next;
  expect(told).toEqual(['hide', 'ask', 'show', 'next draws']);
});

test('asks one question after the other, and goes on after one that failed', async () => {
  const turn = new TerminalTurn();
  const told: string[] = [];
  const first = turn.ask(async () => {
    told.push('first');
    throw new Error('closed');
  });
  const second = turn.ask(async () => told.push('second'));
  await expect(first).rejects.toThrow('closed');
  await second;
  expect(told).toEqual(['first', 'second']);
});
