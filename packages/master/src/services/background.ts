/**
 * Counts work that runs beside its caller, so that whoever started it can wait for all of it. A failure is told at once
 * and never lost, and does not stop the others.
 */

export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#running.size;
  }

  run(work: () => Promise<void>): void {
    const task = work()
      .catch(this.#onError)
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** Resolves when nothing runs any more, what was started meanwhile included. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
