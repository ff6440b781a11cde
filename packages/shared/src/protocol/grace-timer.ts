/** How long the other end of the worker link may stay away. Both ends wait for each other in this way. */

import { type LongTimer, startTimer } from '../long-timer.ts';

/** A timer that fires this much late means that this process was frozen meanwhile, and so could not hear anybody. */
const FROZEN_MS = 2000;

export interface GraceTimerInput {
  clock: { monotonic(): number };
  /** Milliseconds, as `returnMs`. */
  graceMs: number;
  /** Time that the other end gets to come back after this process was frozen. */
  returnMs: number;
  onOver: () => void;
}

export class GraceTimer {
  readonly #input: GraceTimerInput;
  #due = 0;
  #timer: LongTimer | null = null;

  constructor(input: GraceTimerInput) {
    this.#input = input;
  }

  /** What is left of the wait; `null` while there is none. Milliseconds. */
  get leftMs(): number | null {
    return this.#timer === null ? null : Math.max(0, this.#due - this.#input.clock.monotonic());
  }

  /** Begin to wait, unless it waits already. */
  arm(): void {
    if (this.#timer === null) this.#wait(this.#input.graceMs);
  }

  disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(ms: number): void {
    const { clock, graceMs, returnMs, onOver } = this.#input;
    const due = clock.monotonic() + ms;
    this.#due = due;
    this.#timer = startTimer(ms, () => {
      this.#timer = null;
      if (clock.monotonic() - due > FROZEN_MS) this.#wait(Math.min(graceMs, returnMs));
      else onOver();
    });
  }
}
