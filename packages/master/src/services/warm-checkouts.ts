/**
 * On which workers a builder was built last: its checkout is there. By builder and not by repository, because each has
 * folders of its own on a worker, and gets nothing from what another has checked out there. Only a hint: what is known is
 * kept in memory, and a master that starts learns it from the newest builds.
 */
import type { Store } from '../ports/store.ts';

/** So many are remembered for each builder. */
const MOST = 4;

/** So many of the newest builds are looked at when the master starts. */
const LOOKED_AT = 1000;

export class WarmCheckouts {
  readonly #byBuilder = new Map<number, number[]>();

  /** Learn from what the store has of the past. */
  async load(store: Pick<Store, 'query'>): Promise<void> {
    const order = [{ field: 'buildid', descending: true }];
    const newest = await store.query('builds', { filters: [], order, limit: LOOKED_AT, offset: 0 });
    for (const { builderid, workerid } of newest.rows.reverse()) this.note(builderid, workerid);
  }

  /** Ids of workers, the newest first. The same list for ever: what is noted later shows in it. */
  of(builderId: number): readonly number[] {
    return this.#list(builderId);
  }

  note(builderId: number, workerId: number): void {
    const list = this.#list(builderId);
    const known = list.indexOf(workerId);
    if (known >= 0) list.splice(known, 1);
    list.unshift(workerId);
    list.length = Math.min(list.length, MOST);
  }

  #list(builderId: number): number[] {
    const known = this.#byBuilder.get(builderId);
    if (known !== undefined) return known;
    const list: number[] = [];
    this.#byBuilder.set(builderId, list);
    return list;
  }
}
