/** On which workers a builder was built last: its checkout is there. Only a hint, so memory is good enough for it. */

/** So many are remembered for each builder. */
const MOST = 4;

export class WarmCheckouts {
  readonly #byBuilder = new Map<number, number[]>();

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
