/** A list that stays sorted by the queue's order. Finding a place is a binary search, making room one block move. */
import { compareRequests, type Ranked } from './order.ts';

export class SortedRequests<T extends Ranked> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The one before which `n` others go. */
  at(n: number): T | undefined {
    return this.#items[n];
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }

  clear(): void {
    this.#items.length = 0;
  }

  add(request: T): void {
    this.#items.splice(this.countBefore(request), 0, request);
  }

  /** Takes out the request with this id and rank; `false` when it is not there. */
  remove(request: Ranked): boolean {
    const place = this.countBefore(request);
    if (this.#items[place]?.requestId !== request.requestId) return false;
    this.#items.splice(place, 1);
    return true;
  }

  /** How many are more urgent than this one. */
  countBefore(request: Ranked): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareRequests(this.#items[middle] as T, request) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
