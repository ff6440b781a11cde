/**
 * Where all event streams of the API come from. A stream owns no queue of events: it has a position, and reads on from
 * there, from the newest events in memory if they reach back that far, else from the store. So a stream that starts in
 * the past, one that keeps up and one that is slow are the same thing, memory is bounded whatever the readers do, and
 * between history and live there is no seam at which an event could be lost or told twice.
 */
import type { Log, StoredEvent } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';

export type EventSource = Pick<Store, 'onCommit' | 'eventRange' | 'eventsAfter'>;

/** Newest events kept in memory for all readers together: at 100 builds/s some seconds' worth, about 1 MB. */
const RECENT = 1024;

export interface CommitReader {
  /** Told of each commit, in order. `newest` is the number of the newest event after it. */
  committed(events: readonly StoredEvent[], growth: readonly Log[], newest: number): void;
  /** The master stops: say what there is to say, and leave. */
  stopping(): void;
}

export class EventHub {
  readonly #source: EventSource;
  readonly #readers = new Set<CommitReader>();
  #recent: StoredEvent[] = [];
  #newest = 0;
  #stop: (() => void) | null = null;
  /** Resolves when the last reader has left; `null` while the master does not stop. */
  #allLeft: PromiseWithResolvers<void> | null = null;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** Number of the newest event, 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** The master stops: who has read everything says goodbye. */
  get isStopping(): boolean {
    return this.#allLeft !== null;
  }

  async start(): Promise<void> {
    if (this.#stop !== null) return;
    this.#allLeft = null;
    this.#stop = this.#source.onCommit((events, growth) => this.#committed(events, growth));
    const { newest } = await this.#source.eventRange();
    this.#newest = Math.max(this.#newest, newest);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  /** Have all readers leave, now and from now on; resolves when they have. Some may never: who waits sets a limit. */
  async sendAway(): Promise<void> {
    if (this.#allLeft === null) {
      this.#allLeft = Promise.withResolvers();
      for (const reader of this.#readers) reader.stopping();
    }
    if (this.#readers.size > 0) await this.#allLeft.promise;
  }

  add(reader: CommitReader): () => void {
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#allLeft?.resolve();
    };
  }

  /**
   * The next events after `position`, at most `limit`; empty when there are none yet. `null` when the event that comes
   * next is not kept any more, or `position` lies in the future.
   */
  async after(position: number, limit: number): Promise<StoredEvent[] | null> {
    if (position === this.#newest) return [];
    if (position > this.#newest) return null;
    const oldest = this.#recent[0]?.number;
    if (oldest !== undefined && oldest <= position + 1) {
      return this.#recent.slice(position + 1 - oldest, position + 1 - oldest + limit);
    }
    const events = await this.#source.eventsAfter(position, limit);
    return events[0]?.number === position + 1 ? events : null;
  }

  #committed(events: readonly StoredEvent[], growth: readonly Log[]): void {
    const last = events.at(-1);
    if (last !== undefined) {
      this.#recent.push(...events);
      if (this.#recent.length > 2 * RECENT) this.#recent = this.#recent.slice(-RECENT);
      this.#newest = last.number;
    }
    for (const reader of this.#readers) reader.committed(events, growth, this.#newest);
  }
}
