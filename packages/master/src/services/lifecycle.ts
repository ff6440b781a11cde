/**
 * The order of starts and stops. However often and from wherever they are called, they are carried out one after the
 * other, and one that finds its work done does nothing.
 */

export class Lifecycle {
  readonly #start: () => Promise<void>;
  readonly #stop: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(actions: { start: () => Promise<void>; stop: () => Promise<void> }) {
    this.#start = actions.start;
    this.#stop = actions.stop;
  }

  start(): Promise<void> {
    return this.#next(async () => {
      if (this.#isRunning) return;
      this.#isRunning = true;
      try {
        await this.#start();
      } catch (error) {
        // What had begun before it failed must not stay behind.
        await this.#stop();
        this.#isRunning = false;
        throw error;
      }
    });
  }

  stop(): Promise<void> {
    return this.#next(async () => {
      if (!this.#isRunning) return;
      await this.#stop();
      this.#isRunning = false;
    });
  }

  #next(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(action);
    // The next in line does not fail because of the one before it; the caller of this one is told.
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
