/** Output that comes back in the outcome as text instead of going to a log. */

const LIMIT_BYTES = 1024 * 1024;

export class Capture {
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** Keep a copy of the first mebibyte; the command may go on writing. */
  write(bytes: Uint8Array): void {
    const part = bytes.subarray(0, LIMIT_BYTES - this.#bytes);
    if (part.length === 0) return;
    this.#pieces.push(part.slice());
    this.#bytes += part.length;
  }

  /** As UTF-8; what is not valid shows as U+FFFD. */
  text(): string {
    return Buffer.concat(this.#pieces).toString('utf8');
  }
}
