/**
 * Bodies of patches: one file per content, `patches/<sha256>`, synced before any row names it. A file may be wanted
 * by a set that is being added while a clean-up finds it unused, so whoever adds one holds it until the commit.
 */
import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewPatch, NewSourceStamp } from '../ports/records.ts';
import { failedWrite } from './full-disk.ts';
import type { PreparedStamp } from './verbs/sources.ts';

/** A content that is being added. */
interface Held {
  /** How many are adding it now. */
  count: number;
  /** Settles when it is on disk: nobody goes on before that, whoever of them writes it. */
  kept: Promise<void>;
}

export class PatchFiles {
  readonly #root: string;
  /** Told of a write that the disk did not take: it cannot be trusted any more. */
  readonly #fail: (error: unknown) => Error;
  readonly #held = new Map<string, Held>();

  constructor(root: string, fail: (error: unknown) => Error) {
    this.#root = root;
    this.#fail = fail;
  }

  /** Run `work` with source stamps whose patches are on disk, and stay there meanwhile. */
  async withPatches<T>(stamps: NewSourceStamp[], work: (stamps: PreparedStamp[]) => Promise<T>): Promise<T> {
    const held: string[] = [];
    try {
      const prepared: PreparedStamp[] = [];
      for (const stamp of stamps)
        prepared.push({ ...stamp, patch: stamp.patch && (await this.#keep(stamp.patch, held)) });
      return await work(prepared);
    } finally {
      for (const sha256 of held) this.#letGo(sha256);
    }
  }

  async #keep({ body, ...patch }: NewPatch, held: string[]): Promise<NonNullable<PreparedStamp['patch']>> {
    const sha256 = createHash('sha256').update(body).digest('hex');
    const one = this.#held.get(sha256) ?? { count: 0, kept: this.#store(sha256, body) };
    this.#held.set(sha256, { ...one, count: one.count + 1 });
    held.push(sha256);
    await one.kept;
    return { ...patch, sha256, bytes: body.length };
  }

  #letGo(sha256: string): void {
    const one = this.#held.get(sha256);
    if (one === undefined || one.count === 1) this.#held.delete(sha256);
    else this.#held.set(sha256, { ...one, count: one.count - 1 });
  }

  /** The folder is synced also for a file that is there: whoever wrote it may have failed at just that. */
  async #store(sha256: string, body: Uint8Array): Promise<void> {
    try {
      if ((await this.#size(sha256)) !== body.length) await this.#write(sha256, body);
      await using folder = await open(this.#root, 'r');
      await folder.sync();
    } catch (error) {
      const hint = 'free space; nothing was taken in';
      throw failedWrite(error, { source: 'patches', hint, fail: this.#fail });
    }
  }

  async #size(sha256: string): Promise<number | null> {
    try {
      return (await stat(join(this.#root, sha256))).size;
    } catch {
      return null;
    }
  }

  async #write(sha256: string, body: Uint8Array): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const unfinished = join(this.#root, `.${randomBytes(8).toString('hex')}`);
    try {
      await using file = await open(unfinished, 'wx', 0o600);
      await file.writeFile(body);
      await file.sync();
      await rename(unfinished, join(this.#root, sha256));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** The bytes; `null` when the file is not there. */
  async read(sha256: string): Promise<Uint8Array | null> {
    try {
      return await readFile(join(this.#root, sha256));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  /** True while somebody is adding this content. */
  isHeld(sha256: string): boolean {
    return this.#held.has(sha256);
  }

  /** At once, so that nobody can begin to hold it between a look at `isHeld` and the removal. */
  remove(sha256: string): void {
    rmSync(join(this.#root, sha256), { force: true });
  }
}
