/**
 * Keeps the queue in memory true to the store. New requests are taken from the events of their commits; whenever an
 * event does not say enough (a retry, a changed priority), everything pending is read anew.
 */
import type { BuildRequestResource, StoredEvent } from '@buildbot/shared';
import { type QueuedRequest, RequestQueue } from '../core/queue/request-queue.ts';
import type { Clock } from '../ports/service.ts';
import type { PendingRequest, Store } from '../ports/store.ts';

export class PendingQueue {
  readonly queue = new RequestQueue();
  readonly #store: Store;
  readonly #clock: Clock;
  /** Requests that were assigned and not claimed yet: pending in the store, but not to be assigned twice. */
  readonly #starting = new Set<number>();
  #isStale = true;

  constructor(deps: { store: Store; clock: Clock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  /** Whether this event may let something start. */
  see(event: StoredEvent): boolean {
    const [, , what] = (event.paths[0] ?? '').split('/');
    const request = event.body as BuildRequestResource;
    switch (what) {
      case 'new':
        this.#put(fromEvent(request));
        return true;
      case 'claimed':
      case 'shelved':
      case 'complete':
        this.queue.remove(request.buildrequestid);
        return false;
      default:
        this.#isStale = true;
        return true;
    }
  }

  /** Trust nothing in memory any more. */
  invalidate(): void {
    this.#isStale = true;
  }

  async refresh(): Promise<void> {
    if (!this.#isStale) return;
    this.#isStale = false;
    const pending = await this.#store.pendingRequests();
    const waiting = pending.filter(({ requestId }) => !this.#starting.has(requestId));
    this.queue.replaceAll(waiting.map(fromStore), this.#clock.now());
  }

  begin(requestId: number): void {
    this.#starting.add(requestId);
  }

  /** `isClaimed`: it has its build, or is gone. Otherwise it goes back to the queue. */
  settle(requestId: number, isClaimed: boolean): void {
    this.#starting.delete(requestId);
    if (!isClaimed) this.#isStale = true;
  }

  isStarting(requestId: number): boolean {
    return this.#starting.has(requestId);
  }

  #put(request: QueuedRequest): void {
    if (!this.#starting.has(request.requestId)) this.queue.put(request, this.#clock.now());
  }
}

/** Events carry whole seconds. Rows are cut to them as well, so that both ways give one order. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function fromStore(request: PendingRequest): QueuedRequest {
  const { requestId, builderId, priority, submittedAt, notBefore, lastWorkerId } = request;
  return { requestId, builderId, priority, submittedAt: wholeSeconds(submittedAt), notBefore, lastWorkerId };
}

function fromEvent(request: BuildRequestResource): QueuedRequest {
  return {
    requestId: request.buildrequestid,
    builderId: request.builderid,
    priority: request.priority,
    submittedAt: request.submitted_at * 1000,
    notBefore: null,
    lastWorkerId: null,
  };
}
