/**
 * One waiter and anyone to wake it. A ring while nobody waits is kept, so the story "look, find nothing, something
 * happens, wait" does not sleep through what happened in between.
 */

export type Wake = 'rung' | 'timeout' | 'aborted';

export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, or at once if it has rung since the last wait. One waiter at a time. */
  wait(signal: AbortSignal, timeoutMs: number): Promise<Wake> {
    if (signal.aborted) return Promise.resolve('aborted');
    if (this.#take()) return Promise.resolve('rung');
    return new Promise((resolve) => {
      const settle = (wake: Wake) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#wake = null;
        resolve(wake);
      };
      const onAbort = () => settle('aborted');
      const timer = setTimeout(() => settle('timeout'), timeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        this.#take();
        settle('rung');
      };
    });
  }

  #take(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
