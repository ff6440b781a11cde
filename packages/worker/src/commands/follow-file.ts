/**
 * Follows a file while a command runs, as a log of its own. What the file held before the command began and did not
 * touch is not sent; a file that is made anew, or cut, is followed from its beginning. The file stays open between two
 * looks: so the end of one that is renamed or removed meanwhile is still read, and no new one can have its number.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
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
async function openRegular(path: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

async function isSame(one: FileHandle, other: FileHandle): Promise<boolean> {
  const [first, second] = [await one.stat(), await other.stat()];
  return first.ino === second.ino && first.dev === second.dev;
}

export class FollowedFile {
  readonly #input: FollowFileInput;
  #file: FileHandle | null = null;
  #position = 0;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(input: FollowFileInput) {
    this.#input = input;
  }

  /** Note what is there before the command runs, then begin to look. */
  async start(): Promise<void> {
    this.#file = await openRegular(this.#input.path);
    if (this.#file !== null) this.#position = (await this.#file.stat()).size;
    this.#timer = setInterval(() => void this.look(), POLL_MS);
  }

  /** Read what is there by now; resolves when that is done. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#readOn()).catch(() => undefined);
    return this.#looking;
  }

  /** Read the rest and stop looking. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.look();
    await this.#file?.close();
    this.#file = null;
  }

  async #readOn(): Promise<void> {
    const found = await openRegular(this.#input.path);
    const isNew = found !== null && !(this.#file !== null && (await isSame(found, this.#file)));
    if (!isNew) await found?.close();
    if (this.#file !== null) await this.#readRest(this.#file);
    if (!isNew) return;
    await this.#file?.close();
    this.#file = found;
    this.#position = 0;
    await this.#readRest(found);
  }

  async #readRest(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    if (size < this.#position) this.#position = 0;
    while (this.#position < size) await this.#readPiece(file, size);
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
