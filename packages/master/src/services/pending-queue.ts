/**
 * Keeps the queue in memory true to the store. New requests are taken from the events of their commits; whenever an
 * event does not say enough (a retry, a changed priority), its request is read anew.
 */
import type { BuildRequestResource, StoredEvent } from '@buildbot/shared';
import { type QueuedRequest, RequestQueue } from '../core/queue/request-queue.ts';
import type { PendingRequest } from '../ports/records.ts';
import type { Clock } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';

type Due = Map<number, { notBefore: number; dueAt: number }>;

export interface PendingQueueDeps {
  store: Pick<Store, 'pendingRequests'>;
  /** By which requests wait; no jump of the wall clock moves it. */
  clock: Clock;
  /** By which the store's times were written. */
  wallClock: Clock;
  /** No request is delayed for longer. Looked at for each request. Milliseconds. */
  maxDelayMs: number;
}

export class PendingQueue {
  readonly queue = new RequestQueue();
  readonly #deps: PendingQueueDeps;
  /** When delayed requests may start, as it was when they were first read. */
  #due: Due = new Map();
  /** Requests that were assigned and not claimed yet: pending in the store, but not to be assigned twice. */
  readonly #starting = new Set<number>();
  /** Requests of which memory may not be true. */
  #doubtful: Set<number> | 'all' = 'all';
  /** Events that came while the store was being read: what was read may be older than they are. */
  #meanwhile: StoredEvent[] | null = null;

  constructor(deps: PendingQueueDeps) {
    this.#deps = deps;
  }

  /** Whether this event may let something start. */
  see(event: StoredEvent): boolean {
    this.#meanwhile?.push(event);
    const [, , what] = (event.paths[0] ?? '').split('/');
    const request = event.body as BuildRequestResource;
    const requestId = request.buildrequestid;
    switch (what) {
      case 'new':
        this.#put(fromEvent(request));
        return true;
      case 'claimed':
      case 'shelved':
      case 'complete':
        this.queue.remove(requestId);
        this.#due.delete(requestId);
        return false;
      default:
        this.#doubt(requestId);
        return true;
    }
  }

  /** Trust nothing in memory any more. */
  invalidate(): void {
    this.#doubtful = 'all';
  }

  async refresh(): Promise<void> {
    const doubtful = this.#doubtful;
    if (doubtful !== 'all' && doubtful.size === 0) return;
    this.#doubtful = new Set();
    this.#meanwhile = [];
    try {
      this.#take(doubtful, await this.#read(doubtful));
    } catch (error) {
      this.invalidate();
      throw error;
    } finally {
      const events = this.#meanwhile;
      this.#meanwhile = null;
      for (const event of events) this.see(event);
    }
  }

  #read(doubtful: Set<number> | 'all'): Promise<PendingRequest[]> {
    const { store } = this.#deps;
    return doubtful === 'all' ? store.pendingRequests() : store.pendingRequests([...doubtful]);
  }

  #take(doubtful: Set<number> | 'all', pending: readonly PendingRequest[]): void {
    const waiting = pending.filter(({ requestId }) => !this.#starting.has(requestId));
    const due = this.#due;
    if (doubtful === 'all') this.#due = new Map();
    const queued = waiting.map((request) => fromStore(request, this.#dueAt(request, due)));
    if (doubtful === 'all') this.queue.replaceAll(queued, this.#deps.clock.now());
    else {
      for (const requestId of doubtful) this.queue.remove(requestId);
      for (const request of queued) this.#put(request);
    }
  }

  #doubt(requestId: number): void {
    if (this.#doubtful !== 'all') this.#doubtful.add(requestId);
  }

  /**
   * When a delayed request may start. The store has a wall time, and that clock may have jumped by a day since: so it is
   * turned into a delay once, and no delay is longer than the longest there is.
   */
  #dueAt({ requestId, notBefore }: PendingRequest, before: Due): number | null {
    if (notBefore === null) return null;
    const known = before.get(requestId);
    const left = Math.min(Math.max(0, notBefore - this.#deps.wallClock.now()), this.#deps.maxDelayMs);
    const dueAt = known?.notBefore === notBefore ? known.dueAt : this.#deps.clock.now() + left;
    this.#due.set(requestId, { notBefore, dueAt });
    return dueAt;
  }

  begin(requestId: number): void {
    this.#starting.add(requestId);
  }

  /** `isClaimed`: it has its build, or is gone. Otherwise it goes back to the queue. */
  settle(requestId: number, isClaimed: boolean): void {
    this.#starting.delete(requestId);
    if (!isClaimed) this.#doubt(requestId);
  }

  isStarting(requestId: number): boolean {
    return this.#starting.has(requestId);
  }

  #put(request: QueuedRequest): void {
    if (!this.#starting.has(request.requestId)) this.queue.put(request, this.#deps.clock.now());
  }
}

/** Events carry whole seconds. Rows are cut to them as well, so that both ways give one order. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function fromStore(request: PendingRequest, notBefore: number | null): QueuedRequest {
  const { requestId, builderId, priority, submittedAt, lastWorkerId } = request;
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
