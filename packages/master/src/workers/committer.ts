/**
 * Makes what arrives durable, in batches: whatever came while one batch was being written is the next. A store that
 * fails (a full disk) is tried again; meanwhile nothing is acknowledged, so the worker keeps it and soon stops sending.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@buildbot/shared';
import type { WorkerEffect } from '../ports/records.ts';
import type { Logger } from '../ports/service.ts';
import type { Pending } from './numbered-messages.ts';

const RETRY_MS = 1000;

export interface CommitterInput {
  commit: (effects: WorkerEffect[]) => Promise<void>;
  /** Everything up to this number is durable now. */
  acknowledge: (seq: number) => void;
  /** Asked to wait (`true`) when more than `limitBytes` are held, and to go on. */
  onPressure: (isHigh: boolean) => void;
  limitBytes: number;
  /** Wait before a failed batch is tried again. Milliseconds. */
  retryMs?: number;
  logger: Logger;
}

function sizeOf({ effect }: Pending): number {
  return effect.kind === 'log' ? effect.payload.length : 0;
}

export class Committer {
  readonly #input: CommitterInput;
  readonly #closed = new AbortController();
  #waiting: Pending[] = [];
  #heldBytes = 0;
  #isHigh = false;
  #working: Promise<void> | null = null;

  constructor(input: CommitterInput) {
    this.#input = input;
  }

  add(pending: Pending): void {
    if (this.#closed.signal.aborted) return;
    this.#waiting.push(pending);
    this.#heldBytes += sizeOf(pending);
    this.#tellPressure();
    this.#working ??= this.#work();
  }

  /**
   * Take nothing more and drop what was not begun: the worker has it and sends it again. Resolves when nothing is being
   * written any more.
   */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#waiting = [];
    await this.#working;
  }

  async #work(): Promise<void> {
    // One turn of the loop later the messages that arrived together are together here.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      if (!(await this.#commit(batch))) break;
      this.#heldBytes -= batch.reduce((sum, pending) => sum + sizeOf(pending), 0);
      this.#input.acknowledge(batch.at(-1)?.effect.seq ?? 0);
      for (const { whenDurable } of batch) whenDurable();
      this.#tellPressure();
    }
    this.#working = null;
  }

  /** `false` when it was closed before the store took the batch. */
  async #commit(batch: readonly Pending[]): Promise<boolean> {
    for (;;) {
      try {
        await this.#input.commit(batch.map(({ effect }) => effect));
        return true;
      } catch (error) {
        if (this.#closed.signal.aborted) return false;
        this.#input.logger.error({ err: error }, `worker messages are not stored yet: ${messageOf(error)}`);
        await delay(this.#input.retryMs ?? RETRY_MS, undefined, { signal: this.#closed.signal }).catch(
          () => undefined,
        );
        if (this.#closed.signal.aborted) return false;
      }
    }
  }

  #tellPressure(): void {
    const isHigh = this.#heldBytes > this.#input.limitBytes;
    if (isHigh === this.#isHigh) return;
    this.#isHigh = isHigh;
    this.#input.onPressure(isHigh);
  }
}
