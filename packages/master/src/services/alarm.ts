/** One timer that is set again and again to the next moment of interest. */
import type { Clock } from '../ports/service.ts';

/** Looks at the clock at least this often: wall clocks jump and timers sleep with the machine. Milliseconds. */
const LONGEST_MS = 60_000;

export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Ring at this time (epoch milliseconds), at once when it has passed; `null` for never. Replaces what was set. */
  set(at: number | null): void {
    this.cancel();
    if (at === null) return;
    const wait = Math.min(LONGEST_MS, Math.max(0, at - this.#clock.now()));
    this.#timer = setTimeout(this.#ring, wait);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
