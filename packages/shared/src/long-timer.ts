/**
 * Timers for waits that a person may configure. Node takes no timer of more than 24.8 days, and makes it one of a
 * millisecond without an error: a grace of a month would be none at all.
 */

/** The longest that `setTimeout` can wait. Milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

export interface LongTimer {
  cancel(): void;
}

/** Do `action` once, after `ms`, however long that is. */
export function startTimer(ms: number, action: () => void): LongTimer {
  let timer: NodeJS.Timeout;
  const wait = (leftMs: number): void => {
    const laterMs = leftMs - LONGEST_MS;
    timer = laterMs > 0 ? setTimeout(wait, LONGEST_MS, laterMs) : setTimeout(action, leftMs);
  };
  wait(ms);
  return { cancel: () => clearTimeout(timer) };
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = startTimer(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
