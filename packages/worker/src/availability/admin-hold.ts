/**
 * How long the admin's word holds. Its end is a time of the wall clock, which may be set; so a limit on the clock that
 * never jumps goes with it, and whichever comes first ends it. A clock that is set back prolongs nothing while the
 * worker runs; after a restart the word may hold for its whole length once more.
 */
import { type AdminWord, type AvailabilityVerdict, BY_DEFAULT, RULES, remainingMs } from '@buildbot/shared';
import type { WorkerClock } from '../clock.ts';

export class AdminHold {
  readonly #clock: WorkerClock;
  #word: AdminWord | null = null;
  /** Monotonic; `null` for never. */
  #deadline: number | null = null;

  constructor(clock: WorkerClock) {
    this.#clock = clock;
  }

  /** What the file says now. The same word again does not begin anew. */
  take(word: AdminWord | null): void {
    if (JSON.stringify(word) === JSON.stringify(this.#word)) return;
    const left = word === null ? null : remainingMs(word, this.#clock.now());
    this.#word = word;
    this.#deadline = left === null ? null : this.#clock.monotonic() + left;
  }

  verdict(): AvailabilityVerdict {
    const word = this.#word;
    if (word === null || this.#isOver(word)) return BY_DEFAULT;
    const { availability, reason, until } = word;
    return { availability, rule: RULES.workerAdmin, reason, until };
  }

  #isOver(word: AdminWord): boolean {
    if (this.#deadline === null) return false;
    return this.#clock.monotonic() >= this.#deadline || remainingMs(word, this.#clock.now()) === 0;
  }
}
