/** When a connection counts as dead. */

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchSilence } from './silence.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setup() {
  const stream = new PassThrough();
  const onSilent = vi.fn();
  watchSilence(stream, 100, onSilent);
  return { stream, onSilent };
}

test('reports a link on which nothing is heard for four intervals', () => {
  const { onSilent } = setup();
  vi.advanceTimersByTime(399);
  expect(onSilent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onSilent).toHaveBeenCalledOnce();
});

test('takes any traffic for a sign of life', async () => {
  const { stream, onSilent } = setup();
  for (let round = 0; round < 20; round += 1) {
    vi.advanceTimersByTime(300);
    const heard = once(stream, 'data');
    stream.write('x');
    await heard;
  }
  expect(onSilent).not.toHaveBeenCalled();
});

test('does not count the time in which this process was stopped', () => {
  const { onSilent } = setup();
  // A process that wakes up finds one interval overdue, however long it slept.
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(100);
  expect(onSilent).not.toHaveBeenCalled();
});

test('ends with the stream', async () => {
  const { stream, onSilent } = setup();
  stream.destroy();
  await once(stream, 'close');
  vi.advanceTimersByTime(10_000);
  expect(onSilent).not.toHaveBeenCalled();
});
