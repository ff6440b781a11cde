/**
 * Bodies of patches: one file per content, `patches/<sha256>`, synced before any row names it. A file may be wanted
 * by a set that is being added while a clean-up finds it unused, so whoever adds one holds it until the commit.
 */
import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewPatch, NewSourceStamp } from '../ports/records.ts';
import { fullDisk } from './full-disk.ts';
import type { PreparedStamp } from './verbs/sources.ts';

export class PatchFiles {
  readonly #root: string;
  /** How many are adding each content now. */
  readonly #held = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
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
    this.#held.set(sha256, (this.#held.get(sha256) ?? 0) + 1);
    held.push(sha256);
    if ((await this.#size(sha256)) !== body.length) await this.#write(sha256, body);
    return { ...patch, sha256, bytes: body.length };
  }

  #letGo(sha256: string): void {
    const others = (this.#held.get(sha256) ?? 1) - 1;
    if (others === 0) this.#held.delete(sha256);
    else this.#held.set(sha256, others);
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
      throw fullDisk('patches', error, 'free space; nothing was taken in') ?? error;
    }
    await using folder = await open(this.#root, 'r');
    await folder.sync();
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
