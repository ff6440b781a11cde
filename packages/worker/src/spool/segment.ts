/**
 * One file of the spool: records of messages with consecutive numbers. Record: length of the message (32 bits, big
 * endian), `T` or `B` for a text or binary message, the message. The file lives no longer than the process that wrote
 * it, so it is never synced; its only purpose is to keep what is not acknowledged out of memory.
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writevSync } from 'node:fs';
import { BugError } from '@buildbot/shared';

const HEADER_BYTES = 5;
const TEXT = 0x54;
const BINARY = 0x42;

/** A numbered message as it goes over the wire. */
export interface SpoolMessage {
  seq: number;
  binary: boolean;
  bytes: Uint8Array;
}

export class Segment {
  readonly firstSeq: number;
  readonly #path: string;
  readonly #fd: number;
  #count = 0;
  #bytes = 0;
  /** Where the reader stands: the record of `seq` begins at `at`. Reading on from there needs no search. */
  #cursor: { seq: number; at: number };

  /** Creates the file; throws what the file system says. */
  constructor(path: string, firstSeq: number) {
    this.#path = path;
    this.firstSeq = firstSeq;
    this.#fd = openSync(path, 'wx+', 0o600);
    this.#cursor = { seq: firstSeq, at: 0 };
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The number that the next record must have. */
  get nextSeq(): number {
    return this.firstSeq + this.#count;
  }

  /** Append a record whole or not at all; throws what the file system says. */
  append(message: SpoolMessage): void {
    if (message.seq !== this.nextSeq)
      throw new BugError(`spool segment wants ${this.nextSeq}, got ${message.seq}`);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(message.bytes.length);
    header.writeUInt8(message.binary ? BINARY : TEXT, 4);
    const size = HEADER_BYTES + message.bytes.length;
    try {
      const written = writevSync(this.#fd, [header, message.bytes], this.#bytes);
      if (written !== size)
        throw Object.assign(new Error('no space left on device (short write)'), { code: 'ENOSPC' });
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += size;
    this.#count++;
  }

  /** The message with this number, which must be in this segment. */
  read(seq: number): SpoolMessage {
    if (seq < this.#cursor.seq) this.#cursor = { seq: this.firstSeq, at: 0 };
    let header = this.#header();
    while (this.#cursor.seq < seq) {
      this.#cursor = { seq: this.#cursor.seq + 1, at: this.#cursor.at + HEADER_BYTES + header.length };
      header = this.#header();
    }
    const bytes = this.#readAt(this.#cursor.at + HEADER_BYTES, header.length);
    this.#cursor = { seq: seq + 1, at: this.#cursor.at + HEADER_BYTES + header.length };
    return { seq, binary: header.binary, bytes };
  }

  remove(): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #header(): { length: number; binary: boolean } {
    const header = this.#readAt(this.#cursor.at, HEADER_BYTES);
    return { length: header.readUInt32BE(0), binary: header.readUInt8(4) === BINARY };
  }

  #readAt(position: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    const read = readSync(this.#fd, buffer, 0, length, position);
    if (read !== length) throw new BugError(`spool file ${this.#path} ends at ${position + read}`);
    return buffer;
  }
}
