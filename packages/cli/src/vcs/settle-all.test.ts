import { expect, test } from 'vitest';
import { settleAll } from './settle-all.ts';

test('the values come in the order given', async () => {
  expect(await settleAll([Promise.resolve(1), 'two', null])).toEqual([1, 'two', null]);
});

test('a failure is told only when nothing runs any more', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isDone = false;
  const slow = promise.then(() => {
    isDone = true;
  });
  const all = settleAll([Promise.reject(new Error('first')), Promise.reject(new Error('second')), slow]);
  resolve();
  await expect(all).rejects.toThrow('first');
  expect(isDone).toBe(true);
});
