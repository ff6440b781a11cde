/** Walks over the lines of a buffer without making a string of any line that nobody asks for. */

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Stands on one line at a time; `atEnd` once there is none. */
export class LineCursor {
  readonly #bytes: Buffer;
  #start = 0;
  #end = 0;
  /** Number of the present line, from 1. */
  number = 1;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#findEnd();
  }

  get atEnd(): boolean {
    return this.#start >= this.#bytes.length;
  }

  /** Bytes of the line without its newline. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The line's first byte; undefined if it is empty. */
  get firstByte(): number | undefined {
    return this.length > 0 ? this.#bytes[this.#start] : undefined;
  }

  /** True if nothing is on the line but perhaps a carriage return. */
  get isBlank(): boolean {
    return this.length === 0 || (this.length === 1 && this.firstByte === RETURN);
  }

  next(): void {
    this.#start = Math.min(this.#end + 1, this.#bytes.length);
    this.number++;
    this.#findEnd();
  }

  startsWith(text: string): boolean {
    return text.length <= this.length && this.#hasAt(this.#start, text);
  }

  /** The same for the line after this one. `text` holds no newline. */
  nextStartsWith(text: string): boolean {
    return this.#hasAt(this.#end + 1, text);
  }

  #hasAt(place: number, text: string): boolean {
    for (let at = 0; at < text.length; at++) {
      if (this.#bytes[place + at] !== text.charCodeAt(at)) return false;
    }
    return true;
  }

  /** The line from byte `from` on as a latin1 string, without a carriage return at its end. `maxLength` bytes at most. */
  text(from: number, maxLength: number): string {
    const end = this.length > 0 && this.#bytes[this.#end - 1] === RETURN ? this.#end - 1 : this.#end;
    const start = Math.min(this.#start + from, end);
    return this.#bytes.toString('latin1', start, Math.min(end, start + maxLength));
  }

  /** The line from byte `from` on as it is, as a latin1 string. */
  rawText(from: number, maxLength: number): string {
    const start = Math.min(this.#start + from, this.#end);
    return this.#bytes.toString('latin1', start, Math.min(this.#end, start + maxLength));
  }

  #findEnd(): void {
    const newline = this.#bytes.indexOf(NEWLINE, this.#start);
    this.#end = newline === -1 ? this.#bytes.length : newline;
  }
}
