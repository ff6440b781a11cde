/** A clock that tests wind by hand. */
import type { Clock } from '../../clock.ts';

export interface FakeClock extends Clock {
  /** Lets time pass, with everything that was waiting for it. */
  advance(ms: number): Promise<void>;
}

export function fakeClock(start = 1_795_000_000_000): FakeClock {
  let now = 0;
  const waiting = new Set<{ at: number; wake: () => void }>();
  return {
    now: () => start + now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          waiting.delete(entry);
          resolve();
        };
        const entry = { at: now + ms, wake };
        waiting.add(entry);
        signal?.addEventListener('abort', wake, { once: true });
        if (signal?.aborted) wake();
      }),
    advance: async (ms) => {
      now += ms;
      for (const { at, wake } of [...waiting]) if (at <= now) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
