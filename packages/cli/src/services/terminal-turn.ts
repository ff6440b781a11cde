/**
 * Whose turn it is on the terminal: the live screen's, or for a moment a question's. While a question is open nothing
 * else draws, and the keys are the answer's.
 */

/** What draws by itself and can let go of the terminal. */
export interface Drawing {
  /** Take everything that moves away, and stop reading keys. */
  hide(): Promise<void> | void;
  /** Go on. */
  show(): void;
}

export class TerminalTurn {
  #drawing: Drawing | null = null;
  #question: Promise<void> | null = null;

  /** From now on this draws. Resolves when no question is open any more; what drew before is forgotten. */
  async draw(drawing: Drawing | null): Promise<void> {
    while (this.#question !== null) await this.#question;
    this.#drawing = drawing;
  }

  /** Talk to the person while nothing draws. */
  async ask<T>(talk: () => Promise<T>): Promise<T> {
    while (this.#question !== null) await this.#question;
    const over = Promise.withResolvers<void>();
    this.#question = over.promise;
    const hidden = this.#drawing;
    await hidden?.hide();
    try {
      return await talk();
    } finally {
      this.#question = null;
      hidden?.show();
      over.resolve();
    }
  }
}
