/**
 * Where the chunks of each log are in a build's file. Kept in memory while a file is in use, beside the file as
 * `.idx` once the build is finished, and made again from the heads of the records whenever neither is there.
 */
import { crc32 } from 'node:zlib';
import { decodeHead, FILE_HEADER, type RecordHead } from './record.ts';

/** One chunk of a log. */
export interface Chunk {
  /** Where its record begins in the file, and the size of the whole record. */
  at: number;
  size: number;
  rawOffset: number;
  rawLength: number;
  /** Line breaks before it in its log, and in it. */
  firstLine: number;
  newlines: number;
}

/** How far a log has come. */
export interface LogEnd {
  bytes: number;
  newlines: number;
}

export class LogIndex {
  readonly #chunks = new Map<number, Chunk[]>();
  /** Where the next record goes: the file's length as far as it counts. */
  length = FILE_HEADER.length;
  /** Chunks of all logs. */
  count = 0;

  add(logId: number, chunk: Chunk): void {
    this.count += 1;
    const chunks = this.#chunks.get(logId);
    if (chunks === undefined) this.#chunks.set(logId, [chunk]);
    else chunks.push(chunk);
    this.length = chunk.at + chunk.size;
  }

  /** Take in the record that begins at `length`. */
  addHead(head: RecordHead & { size: number }): void {
    const { rawOffset, rawLength, firstLine, newlines } = head;
    const size = head.size + head.payloadLength;
    this.add(head.logId, { at: this.length, size, rawOffset, rawLength, firstLine, newlines });
  }

  chunks(logId: number): readonly Chunk[] {
    return this.#chunks.get(logId) ?? [];
  }

  end(logId: number): LogEnd {
    const last = this.chunks(logId).at(-1);
    if (last === undefined) return { bytes: 0, newlines: 0 };
    return { bytes: last.rawOffset + last.rawLength, newlines: last.firstLine + last.newlines };
  }

  /** Ids of all logs that have bytes. */
  logIds(): number[] {
    return [...this.#chunks.keys()];
  }

  /** Position of the chunk that holds the raw byte `offset`, or of the end. */
  chunkAtByte(logId: number, offset: number): number {
    return firstWhere(this.chunks(logId), ({ rawOffset, rawLength }) => rawOffset + rawLength > offset);
  }

  /** Position of the chunk in which line `line` (from 0) begins, or of the end. */
  chunkAtLine(logId: number, line: number): number {
    if (line === 0) return 0;
    // Line n begins behind the n-th line break.
    return firstWhere(this.chunks(logId), ({ firstLine, newlines }) => firstLine + newlines >= line);
  }
}

/** Binary search: position of the first element for which `holds`, which never turns false again. */
function firstWhere<T>(list: readonly T[], holds: (element: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const MAGIC = Buffer.from('BBIX\0\0\0\x01', 'latin1');
const ENTRY_NUMBERS = 7;

/** The index as a side file: magic, CRC-32 of the rest, length of the log file, then 7 doubles per chunk. */
export function encodeIndex(index: LogIndex): Buffer {
  const numbers: number[] = [index.length];
  for (const logId of index.logIds()) {
    for (const chunk of index.chunks(logId)) {
      const { at, size, rawOffset, rawLength, firstLine, newlines } = chunk;
      numbers.push(logId, at, size, rawOffset, rawLength, firstLine, newlines);
    }
  }
  const body = Buffer.from(new Float64Array(numbers).buffer);
  const checksum = Buffer.alloc(8);
  checksum.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([MAGIC, checksum, body]);
}

/** The index in a side file, `null` unless it is whole and of a log file with exactly `length` bytes that count. */
export function decodeIndex(bytes: Buffer, length: number): LogIndex | null {
  const isWhole = bytes.length >= 24 && bytes.length % 8 === 0 && bytes.subarray(0, 8).equals(MAGIC);
  if (!isWhole || crc32(bytes.subarray(16)) !== bytes.readUInt32BE(12)) return null;
  // Copied, because the numbers must begin at a multiple of 8 in their memory.
  const numbers = new Float64Array(Uint8Array.from(bytes.subarray(16)).buffer);
  if (numbers[0] !== length) return null;
  const index = new LogIndex();
  for (let i = 1; i + ENTRY_NUMBERS <= numbers.length; i += ENTRY_NUMBERS) {
    const [logId, at, size, rawOffset, rawLength, firstLine, newlines] = numbers.subarray(
      i,
    ) as unknown as EntryNumbers;
    index.add(logId, { at, size, rawOffset, rawLength, firstLine, newlines });
  }
  index.length = length;
  return index;
}

type EntryNumbers = [number, number, number, number, number, number, number];

/** Reads bytes of a file; fewer than asked for only at its end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Bytes read at once while heads are looked for: most heads with small payloads come several at a time. */
const WINDOW = 64 * 1024;

/**
 * Make the index of the first `length` bytes of a file from its heads. It ends before the first record that is not
 * whole, which the caller sees by `index.length`.
 */
export async function scanIndex(read: ReadAt, length: number): Promise<LogIndex> {
  const index = new LogIndex();
  const header = await read(0, FILE_HEADER.length);
  if (!header.equals(FILE_HEADER)) {
    index.length = 0;
    return index;
  }
  let window: { at: number; bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) };
  for (;;) {
    let head = decodeHead(window.bytes.subarray(index.length - window.at));
    for (let size = WINDOW; head === null && size <= WINDOW * 32; size *= 32) {
      window = { at: index.length, bytes: await read(index.length, Math.min(size, length - index.length)) };
      head = decodeHead(window.bytes);
    }
    if (head === null || index.length + head.size + head.payloadLength > length) return index;
    index.addHead(head);
  }
}
