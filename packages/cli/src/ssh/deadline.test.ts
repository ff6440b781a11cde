/** A deadline that waits for people. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createDeadline } from './deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const create = () => createDeadline(1000, () => new Error('too late'));

test('aborts with its reason when the time is over', () => {
  const deadline = create();
  deadline.start();
  vi.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.signal.reason).toEqual(new Error('too late'));
});

test('does not run before it is started, nor after it is cancelled', () => {
  const deadline = create();
  vi.advanceTimersByTime(5000);
  deadline.start();
  deadline.cancel();
  vi.advanceTimersByTime(5000);
  expect(deadline.signal.aborted).toBe(false);
});

test('stands still during a question and then begins anew', async () => {
  const deadline = create();
  deadline.start();
  vi.advanceTimersByTime(900);
  const answer = Promise.withResolvers<string>();
  const question = deadline.pauseDuring(() => answer.promise);
  vi.advanceTimersByTime(60_000);
  answer.resolve('yes');
  expect(await question).toBe('yes');
  vi.advanceTimersByTime(999);
  expect(deadline.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(deadline.signal.aborted).toBe(true);
});

test('goes on after a question that failed', async () => {
  const deadline = create();
  deadline.start();
  await expect(deadline.pauseDuring(() => Promise.reject(new Error('no terminal')))).rejects.toThrow(
    'no terminal',
  );
  vi.advanceTimersByTime(1000);
  expect(deadline.signal.aborted).toBe(true);
});

test('is not set off by a question that ends after it was cancelled', async () => {
  const deadline = create();
  deadline.start();
  const answer = Promise.withResolvers<void>();
  const question = deadline.pauseDuring(() => answer.promise);
  deadline.cancel();
  answer.resolve();
  await question;
  vi.advanceTimersByTime(5000);
  expect(deadline.signal.aborted).toBe(false);
});

test('cuts a race short, and leaves work that is quick enough alone', async () => {
  const deadline = create();
  deadline.start();
  expect(await deadline.race(Promise.resolve('done'))).toBe('done');
  const endless = deadline.race(new Promise(() => {}));
  vi.advanceTimersByTime(1000);
  await expect(endless).rejects.toThrow('too late');
  await expect(deadline.race(new Promise(() => {}))).rejects.toThrow('too late');
});
