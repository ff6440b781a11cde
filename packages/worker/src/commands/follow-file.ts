/**
 * Follows a file while a command runs, as a log of its own. What the file held before the command began and did not
 * touch is not sent; a file that is made anew, or cut, is followed from its beginning.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Spool } from '../spool/spool.ts';

const POLL_MS = 500;
const PIECE_BYTES = 65_536;

export interface FollowFileInput {
  path: string;
  write: (bytes: Uint8Array) => void;
  spool: Pick<Spool, 'whenRoom'>;
  /** Told when the file grew. */
  onGrowth: () => void;
}

/** Opened without waiting (a named pipe would block) and without following a link at the end. */
async function openRegular(path: string): Promise<{ file: FileHandle; stats: Stats } | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  const stats = await file.stat();
  if (stats.isFile()) return { file, stats };
  await file.close();
  return null;
}

export class FollowedFile {
  readonly #input: FollowFileInput;
  #inode: number | null = null;
  #position = 0;
  #timer: NodeJS.Timeout | null = null;
  #polling: Promise<void> = Promise.resolve();

  constructor(input: FollowFileInput) {
    this.#input = input;
  }

  /** Note what is there before the command runs, then begin to look. */
  async start(): Promise<void> {
    const before = await stat(this.#input.path).catch(() => null);
    this.#inode = before?.ino ?? null;
    this.#position = before?.size ?? 0;
    this.#timer = setInterval(() => this.#poll(), POLL_MS);
  }

  /** Read the rest and stop looking. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#poll();
    await this.#polling;
  }

  #poll(): void {
    this.#polling = this.#polling.then(() => this.#readOn()).catch(() => undefined);
  }

  async #readOn(): Promise<void> {
    const opened = await openRegular(this.#input.path);
    if (opened === null) return;
    const { file, stats } = opened;
    try {
      if (stats.ino !== this.#inode || stats.size < this.#position) this.#position = 0;
      this.#inode = stats.ino;
      while (this.#position < stats.size) await this.#readPiece(file, stats.size);
    } finally {
      await file.close();
    }
  }

  async #readPiece(file: FileHandle, end: number): Promise<void> {
    await this.#input.spool.whenRoom();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - this.#position));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#position);
    if (bytesRead === 0) throw new Error('the file became shorter');
    this.#position += bytesRead;
    this.#input.write(buffer.subarray(0, bytesRead));
    this.#input.onGrowth();
  }
}
