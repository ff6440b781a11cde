/** Time that no jump of the wall clock moves. */
import type { Clock } from '../ports/service.ts';

/** The wall time of the moment when it was made, and from there on what passes on the monotonic clock. */
export function steadyClock(clock: Clock): Clock {
  const ahead = clock.now() - clock.monotonic();
  return { now: () => clock.monotonic() + ahead, monotonic: () => clock.monotonic() };
}
