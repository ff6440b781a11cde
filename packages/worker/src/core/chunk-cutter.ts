/**
 * Cuts the output of a command into chunks. Bytes are taken as they come, in order of arrival over all streams of one
 * log; a chunk never holds more than `CHUNK_BYTES` and never waits for a line to end.
 */
import { CHUNK_BYTES, type Stream } from '@buildbot/shared';

const LF = 10;

/** Output that belongs together. `bytes` is only valid until the next call of the cutter: compress or copy it. */
export interface Chunk {
  bytes: Uint8Array;
  /** Consecutive runs of one stream: `[stream, bytes]`. */
  runs: [Stream, number][];
  /** Line breaks (LF) in `bytes`. */
  newlines: number;
}

function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

export class ChunkCutter {
  /** One buffer for the whole life of a log: output of any size passes through without allocating. */
  readonly #buffer: Uint8Array;
  #length = 0;
  #runs: [Stream, number][] = [];

  constructor(chunkBytes = CHUNK_BYTES) {
    this.#buffer = new Uint8Array(chunkBytes);
  }

  /** True when there is output that no chunk has taken yet. */
  get isWaiting(): boolean {
    return this.#length > 0;
  }

  /** Take bytes in; every chunk that is full goes to `emit` at once. */
  push(stream: Stream, bytes: Uint8Array, emit: (chunk: Chunk) => void): void {
    let at = 0;
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + this.#buffer.length - this.#length);
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
      this.#addRun(stream, part.length);
      at += part.length;
      if (this.#length === this.#buffer.length) this.flush(emit);
    }
  }

  /** Give out what waits as one chunk, if anything does. */
  flush(emit: (chunk: Chunk) => void): void {
    if (this.#length === 0) return;
    const bytes = this.#buffer.subarray(0, this.#length);
    const runs = this.#runs;
    this.#length = 0;
    this.#runs = [];
    emit({ bytes, runs, newlines: countNewlines(bytes) });
  }

  #addRun(stream: Stream, length: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last[0] === stream) last[1] += length;
    else this.#runs.push([stream, length]);
  }
}
