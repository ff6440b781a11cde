/**
 * The log file of one build. Records are appended behind what counts, synced, and count only once the caller has
 * committed their lengths to the database; until then nobody reads them, and whatever is written next overwrites
 * them. One piece of work at a time: `exclusive` queues them.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { ExternalError, messageOf } from '@buildbot/shared';
import { decompress } from './compression.ts';
import { type Chunk, decodeIndex, encodeIndex, LogIndex, scanIndex } from './log-index.ts';
import { decodeHead, encodeHead, FILE_HEADER, type Runs } from './record.ts';

/** Files with fewer chunks are scanned in no time and get no side file. */
const SCAN_IS_ENOUGH = 32;

/** A chunk on its way in. */
export interface NewChunk {
  logId: number;
  /** Raw bytes. */
  length: number;
  newlines: number;
  runs: Runs;
  /** One zstd frame. */
  payload: Uint8Array;
}

/** Chunks that are on disk but do not count yet. */
export interface Appended {
  chunks: { logId: number; chunk: Chunk }[];
  /** Length of the file with them. */
  length: number;
}

/** Raw bytes of a chunk with their streams. */
export interface ChunkContent {
  bytes: Buffer;
  runs: Runs;
}

export class BuildLog {
  readonly #path: string;
  #handle: FileHandle | null = null;
  #index: LogIndex | null = null;
  #loading: Promise<LogIndex> | null = null;
  /** How far this process has written; behind what counts lies a tail that nobody needs. */
  #written = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** Pieces of work and readers that hold it; a held one is not closed. */
  users = 0;
  /** Its file is gone: whoever lets it go last closes it. */
  isRemoved = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Run `work` when everything asked for before is through. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  /**
   * The index over at least the first `length` bytes, which is what the database counted when it was asked. It may
   * end earlier when the file is damaged, and later when more has been published meanwhile.
   */
  async index(length: number): Promise<LogIndex> {
    if (length === 0 && this.#index === null) return new LogIndex();
    this.#loading ??= this.#load(length);
    const index = await this.#loading;
    if (index.length >= length) return index;
    // Loaded by a reader that knew an older length, then left alone while the file grew.
    this.#loading = this.#load(length);
    return await this.#loading;
  }

  async #load(length: number): Promise<LogIndex> {
    try {
      const { size } = await (await this.#opened()).stat();
      const stored = size < length ? null : await this.#storedIndex(length);
      this.#index = stored ?? (await scanIndex(await this.#reader(), Math.min(size, length)));
      return this.#index;
    } catch (error) {
      this.#loading = null;
      throw error;
    }
  }

  async #storedIndex(length: number): Promise<LogIndex | null> {
    try {
      return decodeIndex(await readFile(`${this.#path}.idx`), length);
    } catch {
      return null;
    }
  }

  async #reader(): Promise<(position: number, length: number) => Promise<Buffer>> {
    const handle = await this.#opened();
    return async (position, length) => {
      const buffer = Buffer.allocUnsafe(Math.max(0, length));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    };
  }

  async #opened(): Promise<FileHandle> {
    this.#handle ??= await open(this.#path, constants.O_RDWR);
    return this.#handle;
  }

  /** Make the file if it is not there; `append` makes its name durable. */
  async #created(): Promise<FileHandle> {
    this.#handle ??= await this.#create();
    return this.#handle;
  }

  async #create(): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_CREAT;
    try {
      return await open(this.#path, flags, 0o600);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    const folder = dirname(this.#path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
    return await open(this.#path, flags, 0o600);
  }

  /** Write chunks behind the first `length` bytes and sync them. Call inside `exclusive`. */
  async append(length: number, chunks: readonly NewChunk[]): Promise<Appended> {
    const index = await this.index(length);
    if (length > 0 && index.length !== length) throw this.#shorter(length, index.length);
    const handle = await this.#created();
    const plan = planChunks(index, chunks);
    const pieces = length === 0 ? [FILE_HEADER, ...plan.pieces] : plan.pieces;
    this.#written = plan.appended.length;
    await writeAll(handle, pieces, length);
    // A new file needs its name on disk as well; both syncs at once cost hardly more than one.
    await Promise.all([handle.datasync(), length === 0 ? syncFolder(dirname(this.#path)) : undefined]);
    return plan.appended;
  }

  /** Let appended chunks count. */
  publish(appended: Appended): void {
    this.#index ??= new LogIndex();
    this.#loading ??= Promise.resolve(this.#index);
    for (const { logId, chunk } of appended.chunks) this.#index.add(logId, chunk);
  }

  /** The raw bytes of one chunk, checked. */
  async content(chunk: Chunk): Promise<ChunkContent> {
    const read = await this.#reader();
    const record = await read(chunk.at, chunk.size);
    const head = record.length === chunk.size ? decodeHead(record) : null;
    const payload = record.subarray(head?.size ?? 0);
    if (head === null || crc32(payload) !== head.payloadCrc)
      throw this.#damaged(chunk, 'its checksum is wrong');
    try {
      const bytes = await decompress(payload, head.rawLength);
      if (bytes.length === head.rawLength) return { bytes, runs: head.runs };
    } catch (error) {
      throw this.#damaged(chunk, messageOf(error));
    }
    throw this.#damaged(chunk, 'it holds fewer bytes than the worker said');
  }

  #damaged(chunk: Chunk, why: string): ExternalError {
    const { rawOffset, rawLength } = chunk;
    return new ExternalError(
      'log file',
      `${this.#path}: bytes ${rawOffset} to ${rawOffset + rawLength} of a log cannot be read: ${why}`,
    );
  }

  #shorter(length: number, found: number): ExternalError {
    const message = `${this.#path} has ${found} good bytes, the database counts ${length}`;
    return new ExternalError('log file', message, { hint: 'the disk lost what it had confirmed: check it' });
  }

  /** Cut whatever lies behind the first `length` bytes or is no whole record, and answer what is left. */
  async repair(length: number): Promise<LogIndex> {
    if (length === 0) {
      await this.unlink();
      return new LogIndex();
    }
    const index = await this.index(length);
    const handle = await this.#opened();
    await handle.truncate(index.length);
    await handle.datasync();
    return index;
  }

  /** No more chunks will come: cut what does not count, and keep the index of a long file beside it. */
  async seal(length: number): Promise<void> {
    if (length === 0) return;
    const index = await this.index(length);
    if (this.#written > length) await (await this.#opened()).truncate(length);
    if (index.count < SCAN_IS_ENOUGH) return;
    await writeFile(`${this.#path}.idx`, encodeIndex(index), { mode: 0o600 });
  }

  /** Remove the file and its index. Who still reads it can go on. */
  async unlink(): Promise<void> {
    await rm(this.#path, { force: true });
    await rm(`${this.#path}.idx`, { force: true });
  }

  /** Let the file go; it is opened again when somebody needs it. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    this.#index = null;
    this.#loading = null;
    await handle?.close();
  }
}

/** Place chunks one behind the other. */
function planChunks(
  index: LogIndex,
  chunks: readonly NewChunk[],
): { appended: Appended; pieces: Uint8Array[] } {
  const ends = new Map<number, { bytes: number; newlines: number }>();
  const appended: Appended = { chunks: [], length: index.length };
  const pieces: Uint8Array[] = [];
  for (const { logId, length, newlines, runs, payload } of chunks) {
    const end = ends.get(logId) ?? index.end(logId);
    const place = { rawOffset: end.bytes, rawLength: length, firstLine: end.newlines, newlines };
    const head = encodeHead({
      logId,
      ...place,
      payloadLength: payload.length,
      payloadCrc: crc32(payload),
      runs,
    });
    const size = head.length + payload.length;
    appended.chunks.push({ logId, chunk: { at: appended.length, size, ...place } });
    appended.length += size;
    pieces.push(head, payload);
    ends.set(logId, { bytes: end.bytes + length, newlines: end.newlines + newlines });
  }
  return { appended, pieces };
}

/** Write all pieces from `position` on; a short write is gone on with, and then says why. */
async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let { bytesWritten } = await handle.writev(pieces as Uint8Array[], position);
  let at = position;
  for (const piece of pieces) {
    const done = Math.min(piece.length, bytesWritten);
    bytesWritten -= done;
    let rest = piece.subarray(done);
    at += done;
    while (rest.length > 0) {
      const { bytesWritten: more } = await handle.write(rest, 0, rest.length, at);
      rest = rest.subarray(more);
      at += more;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
