/**
 * Cuts the bytes of a log into pieces of whole lines, so that whoever stops between two pieces can go on at a line's
 * start. What is kept back is bounded: of a line without end, parts are given out.
 */

/** Most that is kept back of a line that has not ended. Bytes. */
const MAX_HELD = 64 * 1024;
const NEWLINE = 0x0a;

export class LineCutter {
  #held: Uint8Array = new Uint8Array();

  /** Gives what is told now: empty, or some bytes that follow those given before. */
  push(bytes: Uint8Array): Uint8Array {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const lines = all.lastIndexOf(NEWLINE) + 1;
    const end = all.length - lines > MAX_HELD ? endOfCharacters(all) : lines;
    // A copy, for the rest must not keep a large chunk alive.
    this.#held = all.slice(end);
    return all.subarray(0, end);
  }

  /** The log is over: gives the rest. */
  end(): Uint8Array {
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest;
  }
}

/** Up to where there is no character of UTF-8 whose end is missing. */
function endOfCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 4 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
