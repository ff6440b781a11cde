/** The log files of all builds: `logs/<thousands>/<build id>.log`, with a bound on how many are open at once. */
import { join } from 'node:path';
import { BuildLog } from './build-log.ts';

/** Files kept open; more only while more are in use at the same moment. */
const MAX_OPEN = 64;

export class LogFiles {
  readonly #root: string;
  /** Least recently used first. */
  readonly #open = new Map<number, BuildLog>();

  constructor(root: string) {
    this.#root = root;
  }

  path(buildId: number): string {
    return join(this.#root, String(Math.floor(buildId / 1000)), `${buildId}.log`);
  }

  /** Work with a build's file alone; the file stays open for the next one. */
  exclusive<T>(buildId: number, work: (file: BuildLog) => Promise<T>): Promise<T> {
    return this.using(buildId, (file) => file.exclusive(() => work(file)));
  }

  /** Work with several builds' files at once. Taken in one order by everybody, so that nobody waits in a circle. */
  async exclusiveAll<T>(
    buildIds: Iterable<number>,
    work: (files: Map<number, BuildLog>) => Promise<T>,
  ): Promise<T> {
    const files = new Map<number, BuildLog>();
    const [...ordered] = [...new Set(buildIds)].sort((a, b) => a - b);
    const take = (position: number): Promise<T> => {
      const buildId = ordered[position];
      if (buildId === undefined) return work(files);
      return this.exclusive(buildId, (file) => {
        files.set(buildId, file);
        return take(position + 1);
      });
    };
    return await take(0);
  }

  /** Work with a build's file beside others: for reading what counts already. */
  async using<T>(buildId: number, work: (file: BuildLog) => Promise<T>): Promise<T> {
    const file = this.hold(buildId);
    try {
      return await work(file);
    } finally {
      await this.letGo(file);
    }
  }

  /** Take a build's file into use; every hold needs its `letGo`. */
  hold(buildId: number): BuildLog {
    const file = this.#open.get(buildId) ?? new BuildLog(this.path(buildId));
    this.#open.delete(buildId);
    this.#open.set(buildId, file);
    file.users += 1;
    return file;
  }

  async letGo(file: BuildLog): Promise<void> {
    file.users -= 1;
    if (file.users === 0 && file.isRemoved) await file.close();
    for (const [buildId, candidate] of this.#open) {
      if (this.#open.size <= MAX_OPEN) return;
      if (candidate.users > 0) continue;
      this.#open.delete(buildId);
      await candidate.close();
    }
  }

  /** Remove a build's file. */
  async remove(buildId: number): Promise<void> {
    await this.exclusive(buildId, async (file) => {
      this.#open.delete(buildId);
      file.isRemoved = true;
      await file.unlink();
    });
  }

  async close(): Promise<void> {
    const files = [...this.#open.values()];
    this.#open.clear();
    for (const file of files) await file.exclusive(() => file.close());
  }
}
