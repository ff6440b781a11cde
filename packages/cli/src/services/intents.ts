/**
 * What the person at the keyboard wants of a running try. Ctrl-C means: before the job is on its way, never mind;
 * after that, detach; twice within a moment, stop the builds; once more, detach whatever the stopping does.
 */
import type { Clock } from '../clock.ts';

/** Within this time a second Ctrl-C still means the same breath. Milliseconds. */
export const SECOND_PRESS_MS = 1500;

/** Thrown where work is given up because of Ctrl-C before anything was sent. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

type Mode = 'preparing' | 'sent' | 'pressedOnce' | 'stopping' | 'detached';

export interface IntentActions {
  /** First press: `again` within a moment stops the builds. */
  onFirstPress: () => void;
  onStop: () => void;
}

export class Intents {
  #mode: Mode = 'preparing';
  readonly #clock: Clock;
  readonly #actions: IntentActions;
  readonly #preparing = new AbortController();
  readonly #detached = new AbortController();

  constructor(clock: Clock, actions: IntentActions) {
    this.#clock = clock;
    this.#actions = actions;
  }

  /** Aborts with `Interrupted` when the try is given up before anything was sent. */
  get givenUp(): AbortSignal {
    return this.#preparing.signal;
  }

  /** Aborts when the person wants their prompt back and the builds to go on. */
  get detached(): AbortSignal {
    return this.#detached.signal;
  }

  /** From now on the job may have arrived, so it can no longer be given up. */
  sending(): void {
    if (this.#mode === 'preparing') this.#mode = 'sent';
  }

  interrupt(): void {
    switch (this.#mode) {
      case 'preparing':
        this.#preparing.abort(new Interrupted('interrupted before anything was sent'));
        return;
      case 'sent':
        this.#mode = 'pressedOnce';
        this.#actions.onFirstPress();
        void this.#detachSoon();
        return;
      case 'pressedOnce':
        this.stop();
        return;
      case 'stopping':
        this.detach();
        return;
      case 'detached':
        return;
    }
  }

  stop(): void {
    if (this.#mode === 'stopping' || this.#mode === 'detached' || this.#mode === 'preparing') return;
    this.#mode = 'stopping';
    this.#actions.onStop();
  }

  detach(): void {
    if (this.#mode === 'preparing') {
      this.interrupt();
      return;
    }
    this.#mode = 'detached';
    this.#detached.abort();
  }

  async #detachSoon(): Promise<void> {
    await this.#clock.sleep(SECOND_PRESS_MS, this.#detached.signal);
    if (this.#mode === 'pressedOnce') this.detach();
  }
}
