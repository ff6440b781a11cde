/**
 * Lines out of raw chunks, as `contents` shows them. A line ends with LF and belongs to the stream of its first byte.
 * A view is bounded whatever the log holds: of a longer line only its first 64 KiB are shown, and a view that has
 * grown above 16 MiB ends with its line, so that who wants more asks again from there. Raw bytes have no such bounds.
 */
import type { ChunkContent } from './build-log.ts';

/** Bytes of one line that are shown. */
export const MAX_LINE_BYTES = 64 * 1024;
/** Characters after which a view ends. */
const MAX_VIEW_CHARACTERS = 16 * 1024 * 1024;

const LINE_FEED = 10;

export interface LineViewOptions {
  /** First line wanted, from 0. */
  first: number;
  /** How many at most, `null` for all. */
  count: number | null;
  /** Put the stream's letter before each line. */
  withStreams: boolean;
}

export class LineView {
  readonly #options: LineViewOptions;
  readonly #lines: string[] = [];
  #characters = 0;
  /** Number of the line that is being read; -1 before the first chunk. */
  #line = -1;
  /** Its bytes so far, as many as are shown, how many there are in all, and the stream of the first. */
  #begun: Buffer[] = [];
  #begunLength = 0;
  #stream = '';

  constructor(options: LineViewOptions) {
    this.#options = options;
  }

  /** Take in the next chunk; false once the view is full. */
  add({ bytes, runs, firstLine }: ChunkContent & { firstLine: number }): boolean {
    if (this.#line < 0) this.#line = firstLine;
    const streams = streamFinder(runs);
    for (let at = 0; at < bytes.length; ) {
      const lineFeed = bytes.indexOf(LINE_FEED, at);
      const end = lineFeed < 0 ? bytes.length : lineFeed;
      this.#begin(bytes.subarray(at, end), streams(at));
      if (lineFeed < 0) return true;
      this.#end();
      if (this.#isFull()) return false;
      at = end + 1;
    }
    return true;
  }

  /** The view so far; `withUnfinished` adds a last line that has no LF. */
  text({ withUnfinished = false } = {}): string {
    if (withUnfinished && this.#begunLength > 0 && !this.#isFull()) this.#end();
    return this.#lines.join('');
  }

  #begin(piece: Buffer, stream: string): void {
    if (this.#begunLength === 0) this.#stream = stream;
    const room = MAX_LINE_BYTES - this.#begunLength;
    if (room > 0 && this.#line >= this.#options.first) this.#begun.push(piece.subarray(0, room));
    this.#begunLength += piece.length;
  }

  #end(): void {
    if (this.#line >= this.#options.first) {
      const cut =
        this.#begunLength > MAX_LINE_BYTES ? ` [${this.#begunLength - MAX_LINE_BYTES} more bytes]` : '';
      const letter = this.#options.withStreams ? this.#stream : '';
      const line = `${letter}${Buffer.concat(this.#begun).toString('utf8')}${cut}\n`;
      this.#lines.push(line);
      this.#characters += line.length;
    }
    this.#line += 1;
    this.#begun = [];
    this.#begunLength = 0;
  }

  #isFull(): boolean {
    const { first, count } = this.#options;
    return (count !== null && this.#line >= first + count) || this.#characters > MAX_VIEW_CHARACTERS;
  }
}

/** Answers the stream of a byte; positions must not go back. */
function streamFinder(runs: ChunkContent['runs']): (at: number) => string {
  let run = 0;
  let runEnd = runs[0]?.[1] ?? 0;
  return (at) => {
    while (at >= runEnd && run + 1 < runs.length) {
      run += 1;
      runEnd += runs[run]?.[1] ?? 0;
    }
    return runs[run]?.[0] ?? 'o';
  };
}
