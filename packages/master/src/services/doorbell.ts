/**
 * Many reasons to look again, one look at a time: however often it rings during a round, one more round follows. So a
 * burst of a thousand commits costs two rounds and the last of them is never missed.
 */

export class Doorbell {
  readonly #round: () => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #isOpen = false;
  #rang = false;
  #running: Promise<void> | null = null;

  constructor(round: () => Promise<void>, onError: (error: unknown) => void) {
    this.#round = round;
    this.#onError = onError;
  }

  /** From now on rings are answered. */
  open(): void {
    this.#isOpen = true;
  }

  ring(): void {
    if (!this.#isOpen) return;
    this.#rang = true;
    this.#running ??= this.#answer();
  }

  /** No further round; resolves when the one under way has ended. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#rang = false;
    await this.#running;
  }

  async #answer(): Promise<void> {
    // Whoever rings is in the middle of something of their own; what they do next still belongs to this round.
    await Promise.resolve();
    while (this.#rang) {
      this.#rang = false;
      await this.#round().catch(this.#onError);
    }
    this.#running = null;
  }
}
