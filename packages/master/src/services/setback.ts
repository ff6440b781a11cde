/**
 * After a failure of the master itself nothing is started for a moment: what failed, as for want of space on the disk,
 * would fail as fast as it can be tried. No worker is to blame, and none gets a worse name for it.
 */
import { ExternalError } from '@buildbot/shared';

/** As often as builds that run try their writes again. Milliseconds. */
const SETBACK_MS = 1000;

export class Setback {
  readonly #clock: { now(): number };
  #over = Number.NEGATIVE_INFINITY;
  #reason = '';

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  /** A build could not be started because of this. */
  note(error: unknown): void {
    this.#over = this.#clock.now() + SETBACK_MS;
    const cause = error instanceof ExternalError ? error.message : 'an internal error, see its log';
    this.#reason = `the master cannot start builds: ${cause}`;
  }

  /** Why nothing is started now, for people, and until when on the clock; `null` when things can start. */
  get current(): { reason: string; until: number } | null {
    if (this.#clock.now() >= this.#over) return null;
    return { reason: this.#reason, until: this.#over };
  }
}
