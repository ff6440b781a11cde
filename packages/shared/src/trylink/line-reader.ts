/**
 * Reads single lines from the head of a byte stream and gives back what follows them untouched, for the talk before a
 * channel becomes a raw stream. Works on anything with the reading side of a Node stream; imports nothing.
 */

/** The reading side of a stream in paused mode. */
export interface ReadableSide {
  read(): Uint8Array | null;
  unshift(chunk: Uint8Array): void;
  on(event: 'readable' | 'end' | 'close' | 'error', listener: (error?: Error) => void): unknown;
  off(event: 'readable' | 'end' | 'close' | 'error', listener: (error?: Error) => void): unknown;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
}

const LF = 0x0a;

/**
 * The next line without its line feed; everything behind it stays in the stream. `null` when the stream ended before
 * a whole line came. When `signal` aborts first, its reason is thrown and what came of the line stays in the stream.
 * Throws a `RangeError` when the line is longer than `maxBytes`.
 */
export function readLine(
  stream: ReadableSide,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<string | null> {
  const line = new LineBytes(maxBytes);
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      stream.off('readable', pump);
      stream.off('end', ended);
      stream.off('close', ended);
      stream.off('error', failed);
      signal?.removeEventListener('abort', givenUp);
      settle();
    };
    const ended = (): void => finish(() => resolve(null));
    const failed = (error?: Error): void => finish(() => reject(error));
    const givenUp = (): void =>
      finish(() => {
        giveBack(stream, line.bytes());
        reject(signal?.reason);
      });
    const pump = (): void => {
      for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) {
        const rest = line.push(chunk);
        if (line.isTooLong) failed(new RangeError(`a line is longer than ${maxBytes} bytes`));
        else if (rest !== null) found(rest);
        if (line.isTooLong || rest !== null) return;
      }
    };
    const found = (rest: Uint8Array): void =>
      finish(() => {
        giveBack(stream, rest);
        resolve(new TextDecoder().decode(line.bytes()));
      });
    stream.on('readable', pump);
    stream.on('end', ended);
    stream.on('close', ended);
    stream.on('error', failed);
    signal?.addEventListener('abort', givenUp, { once: true });
    if (signal?.aborted) givenUp();
    else if (stream.readableEnded || stream.destroyed) ended();
    else pump();
  });
}

function giveBack(stream: ReadableSide, bytes: Uint8Array): void {
  if (bytes.length > 0) stream.unshift(bytes);
}

/** What came of a line so far. */
class LineBytes {
  readonly #pieces: Uint8Array[] = [];
  readonly #maxBytes: number;
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isTooLong(): boolean {
    return this.#size > this.#maxBytes;
  }

  /** Gives what follows the line feed, or null while there is none. */
  push(chunk: Uint8Array): Uint8Array | null {
    const at = chunk.indexOf(LF);
    const piece = at === -1 ? chunk : chunk.subarray(0, at);
    this.#pieces.push(piece);
    this.#size += piece.length;
    return at === -1 ? null : chunk.subarray(at + 1);
  }

  bytes(): Uint8Array {
    return join(this.#pieces, this.#size);
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
