/** Server-sent events (WHATWG HTML, section 9.2.6) out of bytes that may be cut anywhere. */

export interface SseMessage {
  /** `message` unless the server named it. */
  event: string;
  data: string;
  /** Of this or an earlier message. */
  id: string;
}

/** Longest message in UTF-16 units; a server that sends more is broken, and memory stays bounded. */
const MAX_MESSAGE = 16 * 1024 * 1024;

export class SseParser {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #data: string[] = [];
  #size = 0;
  #event = '';
  #id = '';

  /** The messages that became complete with these bytes. */
  push(bytes: Uint8Array): SseMessage[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    // A CR at the very end may be the first half of CRLF: it stays until the next byte is known.
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_MESSAGE) throw new RangeError('an event of the server is too long');
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): SseMessage[] {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#addData(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return [];
  }

  #addData(value: string): void {
    this.#size += value.length;
    if (this.#size > MAX_MESSAGE) throw new RangeError('an event of the server is too long');
    this.#data.push(value);
  }

  #dispatch(): SseMessage[] {
    const message = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#data = [];
    this.#size = 0;
    this.#event = '';
    return isEmpty ? [] : [message];
  }
}
