/**
 * Which process of a worker has its place, and which ones had it before. The story that breaks the naive version: a frozen
 * process is replaced and never hears of it; when it thaws it connects as if nothing had been, and throws out the newer.
 */

/** Far more processes than one worker has in the time that one of them may be frozen. */
const MOST_REMEMBERED = 64;

export class Seats {
  #now: string | null = null;
  /** Boot ids, oldest first. */
  readonly #before = new Set<string>();

  /** Take the place, or keep it; `false` for a process that had it before another one took it. */
  take(bootId: string): boolean {
    if (this.#before.has(bootId)) return false;
    if (this.#now !== null && this.#now !== bootId) this.#before.add(this.#now);
    this.#now = bootId;
    for (const oldest of this.#before) {
      if (this.#before.size <= MOST_REMEMBERED) break;
      this.#before.delete(oldest);
    }
    return true;
  }
}
