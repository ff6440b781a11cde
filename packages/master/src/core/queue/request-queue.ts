/**
 * The pending requests in memory, by builder. A cache: the store has the truth and this can be made anew from it at
 * any time. Requests that must not start yet wait apart, ordered by when they may.
 */
import { Heap } from './heap.ts';
import type { Ranked } from './order.ts';
import { SortedRequests } from './sorted.ts';

/** What the queue decides by: the part of the store's pending request that matters here. */
export interface QueuedRequest extends Ranked {
  builderId: number;
  /** Epoch milliseconds; `null` for at once. */
  notBefore: number | null;
  /** Worker that lost the last attempt, avoided when there is another. */
  lastWorkerId: number | null;
}

export class RequestQueue {
  readonly #requests = new Map<number, QueuedRequest>();
  readonly #byBuilder = new Map<number, SortedRequests<QueuedRequest>>();
  /** The most urgent request of each builder that has one ready. */
  readonly #heads = new SortedRequests<QueuedRequest>();
  /** May hold requests that have left meanwhile; they are passed over when their time comes. */
  #delayed = delayedHeap();

  get size(): number {
    return this.#requests.size;
  }

  get(requestId: number): QueuedRequest | undefined {
    return this.#requests.get(requestId);
  }

  /** Adds a request, or puts it in its new place when it is known already. */
  put(request: QueuedRequest, now: number): void {
    this.remove(request.requestId);
    this.#requests.set(request.requestId, request);
    if (request.notBefore !== null && request.notBefore > now) this.#delayed.push(request);
    else this.#enter(request);
  }

  /** Takes a request out; unknown ones are fine. */
  remove(requestId: number): void {
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    this.#requests.delete(requestId);
    this.#change(request.builderId, (ready) => ready.remove(request));
  }

  /** Everything anew. */
  replaceAll(requests: readonly QueuedRequest[], now: number): void {
    this.#requests.clear();
    this.#byBuilder.clear();
    this.#heads.clear();
    this.#delayed = delayedHeap();
    for (const request of requests) this.put(request, now);
  }

  /** Lets in the requests whose time has come. */
  admitDue(now: number): void {
    for (let next = this.#nextDelayed(); (next?.notBefore ?? now + 1) <= now; next = this.#nextDelayed()) {
      this.#delayed.pop();
      if (next !== undefined) this.#enter(next);
    }
  }

  /** When the next delayed request may start; `null` when none is delayed. Epoch milliseconds. */
  nextDueAt(): number | null {
    return this.#nextDelayed()?.notBefore ?? null;
  }

  /** Builders that have something to start now. */
  *readyBuilders(): Iterable<number> {
    for (const { builderId } of this.#heads) yield builderId;
  }

  /** Of the most urgent request of each builder, the one before which `n` others go. */
  head(n: number): QueuedRequest | undefined {
    return this.#heads.at(n);
  }

  /** Requests of a builder that may start now, the most urgent first. */
  ready(builderId: number): SortedRequests<QueuedRequest> {
    return this.#ready(builderId);
  }

  #enter(request: QueuedRequest): void {
    this.#change(request.builderId, (ready) => ready.add(request));
  }

  /** Whatever changes what a builder has ready: its head keeps its place among the others'. */
  #change(builderId: number, change: (ready: SortedRequests<QueuedRequest>) => void): void {
    const ready = this.#ready(builderId);
    const before = ready.at(0);
    change(ready);
    const after = ready.at(0);
    if (before === after) return;
    if (before !== undefined) this.#heads.remove(before);
    if (after !== undefined) this.#heads.add(after);
  }

  #ready(builderId: number): SortedRequests<QueuedRequest> {
    let requests = this.#byBuilder.get(builderId);
    if (requests === undefined) {
      requests = new SortedRequests();
      this.#byBuilder.set(builderId, requests);
    }
    return requests;
  }

  /** The earliest delayed request that is still wanted in this very form. */
  #nextDelayed(): QueuedRequest | undefined {
    for (;;) {
      const next = this.#delayed.peek();
      if (next === undefined || this.#requests.get(next.requestId) === next) return next;
      this.#delayed.pop();
    }
  }
}

function delayedHeap(): Heap<QueuedRequest> {
  return new Heap((a, b) => (a.notBefore ?? 0) - (b.notBefore ?? 0));
}
