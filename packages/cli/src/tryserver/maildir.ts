/** Putting a job file into the try directory so that it is there whole or not at all, even after a power cut. */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Readable for the master's account, writable for the submitter alone: its owner is who submitted it. */
const MODE = 0o644;

/** A job file being written in `tmp/`. */
export class JobWriter {
  readonly #jobdir: string;
  readonly #name: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  private constructor(jobdir: string, name: string, file: FileHandle) {
    this.#jobdir = jobdir;
    this.#name = name;
    this.#file = file;
  }

  /** `now` in epoch milliseconds becomes part of the name, for people who look into the directory. */
  static async begin(jobdir: string, now: number): Promise<JobWriter> {
    const name = `${Math.floor(now / 1000)}-${randomBytes(8).toString('hex')}`;
    const file = await open(join(jobdir, 'tmp', name), 'wx', MODE);
    await file.chmod(MODE);
    return new JobWriter(jobdir, name, file);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    await this.#file.writeFile(chunk);
  }

  /** Make it durable and visible; the result is its name in `new/`. `user`: whom the administrator named. */
  async commit(user: string | null): Promise<string> {
    await this.#file.sync();
    await this.#file.close();
    const suffix = user === null ? '' : `,user=${encodeURIComponent(user)}`;
    const name = `${this.#name}-${this.#hash.digest('hex').slice(0, 16)}${suffix}`;
    await rename(join(this.#jobdir, 'tmp', this.#name), join(this.#jobdir, 'new', name));
    await syncFolder(join(this.#jobdir, 'new'));
    return name;
  }

  /** Leave nothing behind. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(join(this.#jobdir, 'tmp', this.#name), { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
