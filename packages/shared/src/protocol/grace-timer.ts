/** How long the other end of the worker link may stay away. Both ends wait for each other in this way. */

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
  #timer: NodeJS.Timeout | null = null;

  constructor(input: GraceTimerInput) {
    this.#input = input;
  }

  /** Begin to wait, unless it waits already. */
  arm(): void {
    if (this.#timer === null) this.#wait(this.#input.graceMs);
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(ms: number): void {
    const { clock, graceMs, returnMs, onOver } = this.#input;
    const due = clock.monotonic() + ms;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (clock.monotonic() - due > FROZEN_MS) this.#wait(Math.min(graceMs, returnMs));
      else onOver();
    }, ms);
  }
}
