/**
 * Lines at the head of a byte stream that turns into something else after them. What was read too far goes back into
 * the stream within the same tick: a stream that has said its end takes nothing back.
 */
import type { Duplex } from 'node:stream';

export class LineReader {
  readonly #stream: Duplex;
  readonly #maxBytes: number;
  /** The beginning of an unfinished line. */
  #held: Buffer = Buffer.alloc(0);

  /** A line longer than `maxBytes` is an error. */
  constructor(stream: Duplex, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  /** The stream itself, at the byte after the last line. */
  get rest(): Duplex {
    return this.#stream;
  }

  /**
   * The next line without its end; `null` when the stream ended or broke before one was complete.
   * @throws the reason of `signal` when it aborts first; RangeError for a line without end
   */
  read(signal?: AbortSignal): Promise<string | null> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onReadable = () => {
        const line = this.#take();
        if (line !== null) settle(() => resolve(line));
        else if (this.#held.length > this.#maxBytes)
          settle(() => reject(new RangeError('a line of the server is too long')));
      };
      const onEnd = () => settle(() => resolve(null));
      const onAbort = () => settle(() => reject(signal?.reason));
      stream.on('readable', onReadable).once('end', onEnd).once('close', onEnd).once('error', onEnd);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else if (stream.readableEnded || stream.destroyed) onEnd();
      else onReadable();
    });
  }

  #take(): string | null {
    const bytes: Buffer | null = this.#stream.read();
    if (bytes === null) return null;
    const held = Buffer.concat([this.#held, bytes]);
    const end = held.indexOf(0x0a);
    this.#held = end < 0 ? held : Buffer.alloc(0);
    if (end < 0) return null;
    if (end + 1 < held.length) this.#stream.unshift(held.subarray(end + 1));
    return held.toString('utf8', 0, end);
  }
}
