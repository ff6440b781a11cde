/** SIGHUP as daemons understand it: the configuration has changed. */

export class ReloadSignal {
  #listener: (() => void) | null = null;
  #isWaiting = false;

  constructor() {
    process.on('SIGHUP', () => this.#arrived());
  }

  /** Tell `listener` of each from now on, and of one that came before anybody listened. */
  listen(listener: () => void): void {
    this.#listener = listener;
    if (this.#isWaiting) this.#arrived();
  }

  #arrived(): void {
    this.#isWaiting = this.#listener === null;
    this.#listener?.();
  }
}
