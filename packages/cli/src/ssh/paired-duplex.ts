/**
 * One duplex stream out of a program's output and input, wherever the program runs. It carries back-pressure both
 * ways and settles the three endings that plain pairing gets wrong:
 *
 * - A program that answers and exits while it is still being written to (a refusal in the middle of a large upload):
 *   its whole answer is read, and what was still to be written is dropped instead of destroying the answer.
 * - A connection that breaks: the reader gets all that arrived and then an error, never a clean end.
 * - Being destroyed: the program's streams go with it.
 */

import { Duplex, type Readable, type Writable } from 'node:stream';

export interface PairedDuplexOptions {
  /** The program's output. */
  readonly source: Readable;
  /** The program's input. */
  readonly sink: Writable;
  /** Asked when `source` has ended: whether that was the real end, or the error that cut it short. */
  readonly endedBy: () => Promise<Error | undefined>;
  /** Called once when the stream is destroyed, also after a regular end. */
  readonly onDestroy: () => void;
}

type Callback = (error?: Error | null) => void;

export class PairedDuplex extends Duplex {
  readonly #options: PairedDuplexOptions;
  #isSinkGone = false;
  #unsettledWrite: Callback | undefined;

  constructor(options: PairedDuplexOptions) {
    super();
    this.#options = options;
    const { source, sink } = options;
    source.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) source.pause();
    });
    source.once('end', () => void this.#finishReading());
    // Both come with an end or a close, where the reason is known better.
    source.on('error', () => {});
    sink.on('error', () => this.#dropSink());
    sink.once('close', () => this.#dropSink());
  }

  override _read(): void {
    this.#options.source.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#unsettledWrite = callback;
    if (this.#isSinkGone) this.#settleWrite();
    else this.#options.sink.write(chunk, () => this.#settleWrite());
  }

  override _final(callback: Callback): void {
    this.#unsettledWrite = callback;
    if (this.#isSinkGone) this.#settleWrite();
    else this.#options.sink.end(() => this.#settleWrite());
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#options.onDestroy();
    this.#dropSink();
    callback(error);
  }

  async #finishReading(): Promise<void> {
    const error = await this.#options.endedBy();
    if (error) this.destroy(error);
    else this.push(null);
  }

  #dropSink(): void {
    this.#isSinkGone = true;
    this.#settleWrite();
  }

  #settleWrite(): void {
    const callback = this.#unsettledWrite;
    this.#unsettledWrite = undefined;
    callback?.();
  }
}
