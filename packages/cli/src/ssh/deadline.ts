/** A time limit that stands still while a person is being asked: thinking about a fingerprint is not a slow host. */
import { type LongTimer, startTimer } from '@buildbot/shared';

export interface Deadline {
  /** Aborted, with the reason given to `createDeadline`, when the time is over. */
  readonly signal: AbortSignal;
  start(): void;
  /** Stops the clock while `question` is open; afterwards the whole time is there again. */
  pauseDuring<T>(question: () => Promise<T>): Promise<T>;
  /** Settles as `work` does, or rejects with the reason when the time is over first. */
  race<T>(work: Promise<T>): Promise<T>;
  cancel(): void;
}

/** The clock does not run before `start`. */
export function createDeadline(limitMs: number, reason: () => Error): Deadline {
  const controller = new AbortController();
  let timer: LongTimer | undefined;
  let isRunning = false;
  const expired = Promise.withResolvers<never>();
  expired.promise.catch(() => {});
  controller.signal.addEventListener('abort', () => expired.reject(controller.signal.reason));
  const run = () => {
    timer = startTimer(limitMs, () => controller.abort(reason()));
  };
  return {
    signal: controller.signal,
    start() {
      isRunning = true;
      run();
    },
    async pauseDuring(question) {
      timer?.cancel();
      try {
        return await question();
      } finally {
        if (isRunning) run();
      }
    },
    race: (work) => Promise.race([work, expired.promise]),
    cancel() {
      isRunning = false;
      timer?.cancel();
    },
  };
}
