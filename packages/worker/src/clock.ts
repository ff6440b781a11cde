/** The one place of the worker that asks the system for the time. */

export interface WorkerClock {
  /** Epoch milliseconds. May jump: for log lines only. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for every wait and every duration. */
  monotonic(): number;
}

export const systemClock: WorkerClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
