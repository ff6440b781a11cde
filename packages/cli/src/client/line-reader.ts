/** Lines at the head of a byte stream that turns into something else after them: what was read too far is given back. */
import type { Duplex } from 'node:stream';

export class LineReader {
  readonly #stream: Duplex;
  readonly #maxBytes: number;
  #held: Buffer = Buffer.alloc(0);

  /** A line longer than `maxBytes` is an error. */
  constructor(stream: Duplex, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  /**
   * The next line without its end; `null` when the stream ended or broke before one was complete. What was read of
   * an unfinished line is kept, so that a later call goes on.
   */
  async read(signal?: AbortSignal): Promise<string | null> {
    for (;;) {
      const end = this.#held.indexOf(0x0a);
      if (end >= 0) {
        const line = this.#held.toString('utf8', 0, end);
        this.#held = this.#held.subarray(end + 1);
        return line;
      }
      if (this.#held.length > this.#maxBytes) throw new RangeError('a line of the server is too long');
      const more = await this.#more(signal);
      if (more === null) return null;
      this.#held = Buffer.concat([this.#held, more]);
    }
  }

  /** The stream from the byte after the last line on. The reader is done. */
  rest(): Duplex {
    if (this.#held.length > 0) this.#stream.unshift(this.#held);
    this.#held = Buffer.alloc(0);
    return this.#stream;
  }

  /** @throws the reason of `signal` when it aborts first. */
  #more(signal: AbortSignal | undefined): Promise<Buffer | null> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        stream.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onReadable = () => {
        const bytes: Buffer | null = stream.read();
        if (bytes !== null) settle(() => resolve(bytes));
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
}
