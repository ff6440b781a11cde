import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sleep, startTimer } from './long-timer.ts';
import { MAX_DURATION_MS } from './text/duration.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => vi.useRealTimers());

/** Every length that a configuration may ask for, and often those around the longest that Node can wait. */
const duration = fc.oneof(
  fc.integer({ min: 1, max: MAX_DURATION_MS }),
  fc.integer({ min: 2 ** 31 - 3, max: 2 ** 31 + 3 }),
  fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }),
);

test('rings once, when the whole time is over and not before, whatever a person may configure', () => {
  fc.assert(
    fc.property(duration, (ms) => {
      let rung = 0;
      startTimer(ms, () => rung++);
      vi.advanceTimersByTime(ms - 1);
      expect(rung).toBe(0);
      vi.advanceTimersByTime(1);
      expect(rung).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

test('never rings once it is cancelled, in whichever part of its wait', () => {
  fc.assert(
    fc.property(duration, fc.double({ min: 0, max: 0.99, noNaN: true }), (ms, share) => {
      const timer = startTimer(ms, () => expect.unreachable('it was cancelled'));
      vi.advanceTimersByTime(Math.floor(ms * share));
      timer.cancel();
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

test('a sleep ends with its time or with its signal, whichever is first, and leaves no timer', async () => {
  const late = sleep(MAX_DURATION_MS);
  vi.advanceTimersByTime(MAX_DURATION_MS);
  await late;
  const wake = new AbortController();
  const woken = sleep(MAX_DURATION_MS, wake.signal);
  wake.abort();
  await woken;
  await sleep(MAX_DURATION_MS, wake.signal);
  expect(vi.getTimerCount()).toBe(0);
});
