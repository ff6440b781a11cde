/** The one place of the master that asks the system for the time. */
import type { Clock } from './ports/service.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
