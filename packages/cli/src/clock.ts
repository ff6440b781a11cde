/** The only place of the CLI that asks the system for the time. */
import { performance } from 'node:perf_hooks';
import { sleep } from '@buildbot/shared';

export interface Clock {
  /** Epoch milliseconds. May jump: for display only. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for every wait and duration. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
};
