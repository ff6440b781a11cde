/**
 * What the person at the keyboard wants of a running try. Ctrl-C means: before the job is on its way, never mind;
 * after that, detach; twice within a moment, stop the builds; once more, detach whatever the stopping does. Builds of
 * `--local` cannot go on without this process, so there the first press stops them and the second leaves.
 */
import type { Clock } from '../clock.ts';
import type { Interruption } from './runtime.ts';

/** Within this time a second Ctrl-C still means the same breath. Milliseconds. */
export const SECOND_PRESS_MS = 1000;

/** Thrown where work is given up because of Ctrl-C before anything was sent. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

type Mode = 'preparing' | 'sent' | 'pressedOnce' | 'stopping' | 'detached';

export interface IntentActions {
  /** About to detach, unless a second press stops the builds. */
  onFirstPress: () => void;
  onStop: () => void;
}

export class Intents {
  #mode: Mode = 'preparing';
  readonly #clock: Clock;
  readonly #actions: IntentActions;
  readonly #canDetach: boolean;
  readonly #preparing = new AbortController();
  readonly #detached = new AbortController();

  /** `canDetach` is false when the builds end with this process. */
  constructor(clock: Clock, actions: IntentActions, canDetach = true) {
    this.#clock = clock;
    this.#canDetach = canDetach;
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

  onInterruption(interruption: Interruption): void {
    if (interruption === 'ctrl-c') this.interrupt();
    else this.detach();
  }

  interrupt(): void {
    switch (this.#mode) {
      case 'preparing':
        this.#preparing.abort(new Interrupted('interrupted before anything was sent'));
        return;
      case 'sent':
        if (!this.#canDetach) {
          this.stop();
          return;
        }
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
