/**
 * Space on the spool's disk that is kept for the last words: when a build has filled the disk, the end of each command and
 * the tail of its output still find room on it. A file of noise, which no file system can store in less.
 */
import { randomFillSync } from 'node:crypto';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Taken only where so many times its size is free: what is given back is not to be taken at once from somebody else. */
const FREE_FACTOR = 2;

export class Reserve {
  readonly #path: string;
  readonly #bytes: number;
  #isHeld = false;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Take it, if there is space; answers whether it is held now. */
  take(): boolean {
    if (this.#isHeld) return true;
    try {
      const { bavail, bsize } = statfsSync(dirname(this.#path));
      if (bavail * bsize < this.#bytes * FREE_FACTOR) return false;
      writeFileSync(this.#path, randomFillSync(new Uint8Array(this.#bytes)), { mode: 0o600 });
      this.#isHeld = true;
    } catch {
      this.giveBack();
    }
    return this.#isHeld;
  }

  /** Let others have the space. */
  giveBack(): void {
    this.#isHeld = false;
    rmSync(this.#path, { force: true });
  }
}
