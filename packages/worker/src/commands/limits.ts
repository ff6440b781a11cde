/** The limits of a running command: no output for too long, too long in all, or somebody wants it to end. */
import { type LongTimer, startTimer } from '@buildbot/shared';
import type { EndCause } from './outcome.ts';

export interface LimitsInput {
  /** Milliseconds without output, `null` for no limit. */
  timeoutMs: number | null;
  /** Milliseconds in all, `null` for no limit. */
  maxTimeMs: number | null;
  signal: AbortSignal;
  /** Milliseconds since the last output. */
  quietMs: () => number;
  /** Look at what was written by now: after a time in which this process was held up, that is told later than its timers. */
  catchUp: () => Promise<void>;
}

export class Limits {
  readonly #input: LimitsInput;
  readonly #timers = new Set<LongTimer>();
  #cause: EndCause = null;
  #isOver = false;
  #resolve: (cause: EndCause) => void = () => undefined;
  /** Resolves with the first limit that is exceeded; never when none is. */
  readonly exceeded: Promise<EndCause>;

  constructor(input: LimitsInput) {
    this.#input = input;
    this.exceeded = new Promise((resolve) => {
      this.#resolve = (cause) => {
        this.#cause ??= cause;
        resolve(cause);
      };
    });
    const { signal, timeoutMs, maxTimeMs } = input;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
    if (maxTimeMs !== null) this.#after(maxTimeMs, () => this.#resolve('max-time'));
    if (timeoutMs !== null) this.#watchOutput(timeoutMs, timeoutMs);
  }

  /** The first limit that was exceeded, `null` so far. */
  get cause(): EndCause {
    return this.#cause;
  }

  /** Stop watching. */
  clear(): void {
    this.#isOver = true;
    this.#input.signal.removeEventListener('abort', this.#onAbort);
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  readonly #onAbort = (): void => this.#resolve(this.#input.signal.reason as EndCause);

  #watchOutput(timeoutMs: number, waitMs: number): void {
    this.#after(waitMs, () => void this.#checkOutput(timeoutMs));
  }

  async #checkOutput(timeoutMs: number): Promise<void> {
    if (this.#input.quietMs() >= timeoutMs) await this.#input.catchUp();
    if (this.#isOver) return;
    const left = timeoutMs - this.#input.quietMs();
    if (left <= 0) this.#resolve('timeout');
    else this.#watchOutput(timeoutMs, left);
  }

  #after(ms: number, action: () => void): void {
    const timer = startTimer(ms, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }
}
