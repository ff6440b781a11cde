/**
 * One log of a command: output in, numbered frames into the spool. A chunk leaves when it is full or a quarter of a
 * second after its first byte, compressed here once and never again. Compression is synchronous on purpose: at level 1
 * a chunk takes about a millisecond, and one buffer per log then serves for ever (2026-11: 250 MB/s on one core, the
 * same as four at a time on the thread pool of a two-core machine, with a quarter of the memory).
 */
import { constants, zstdCompressSync } from 'node:zlib';
import { type CommandKey, encodeFrame, type LogFrame, type Stream } from '@buildbot/shared';
import { type Chunk, ChunkCutter } from '../core/chunk-cutter.ts';
import type { Spool } from '../spool/spool.ts';

const FLUSH_MS = 250;

const PARAMS = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
/** More than a frame can be longer than what is in it (ZSTD_COMPRESSBOUND and a header). */
const FRAME_BYTES = 256;

/**
 * One zstd frame. The buffer is larger than any frame of these bytes: where a frame fills it to the last byte, Node
 * (24.21) begins a second, empty one, and the master takes nothing but exactly one.
 */
export function compress(bytes: Uint8Array): Uint8Array {
  const chunkSize = bytes.length + (bytes.length >>> 8) + FRAME_BYTES;
  return zstdCompressSync(bytes, { params: PARAMS, chunkSize });
}

export interface OutputLogInput {
  spool: Pick<Spool, 'append'>;
  key: CommandKey;
  /** Name of the log in the step. */
  log: string;
}

export class OutputLog {
  readonly #input: OutputLogInput;
  readonly #cutter = new ChunkCutter();
  #offset = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(input: OutputLogInput) {
    this.#input = input;
  }

  write(stream: Stream, bytes: Uint8Array): void {
    this.#cutter.push(stream, bytes, (chunk) => this.#send(chunk));
    if (this.#cutter.isWaiting) this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Send what waits. To be called at the end; harmless at any time. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#cutter.flush((chunk) => this.#send(chunk));
  }

  #send({ bytes, runs, newlines }: Chunk): void {
    const { spool, key, log } = this.#input;
    const payload = compress(bytes);
    const frame = {
      type: 'log',
      key,
      log,
      offset: this.#offset,
      length: bytes.length,
      newlines,
      runs,
    } as const;
    spool.append(true, (seq) => encodeFrame({ ...frame, seq } satisfies LogFrame, payload));
    this.#offset += bytes.length;
  }
}
