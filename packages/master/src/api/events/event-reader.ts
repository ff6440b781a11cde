/**
 * One subscriber's view of the events: patterns, a position, and the newest growth of each log it listens to. Growth is
 * not kept in the store, so it is merged: a slow reader learns how long a log is now, not every step of the way. Each
 * growth remembers after which event it was told, and comes out between the same events again: never before its log's
 * `new`, never after its `finished`.
 */
import {
  type EventMessage,
  type Log,
  logEventPaths,
  logResource,
  matchesPath,
  type StoredEvent,
} from '@buildbot/shared';
import { Bell, type Wake } from './bell.ts';
import type { CommitReader, EventHub } from './event-hub.ts';

/** Told when the position is not kept any more: read everything anew, events go on after `n`. */
export interface Resync {
  resync: true;
  n: number;
}
export type Told = EventMessage | Resync;

/** How an event with several keys is told: once, or once per pattern that one of its keys matches (Buildbot's way). */
export type Telling = 'once' | 'per pattern';

/** Events read from the store at a time. */
const PAGE = 256;
/** Logs whose growth is remembered for one reader; beyond it the longest unread is forgotten, being only a hint. */
const MAX_GROWTH = 10_000;

function keysFor(patterns: ReadonlySet<string>, paths: readonly string[], telling: Telling): string[] {
  const keys: string[] = [];
  for (const pattern of patterns) {
    const key = paths.find((path) => matchesPath(pattern, path));
    if (key === undefined) continue;
    keys.push(key);
    if (telling === 'once') break;
  }
  return keys;
}

export interface ReaderOptions {
  patterns: Iterable<string>;
  /** Begins after this event number; `null` is now. */
  from: number | null;
  telling: Telling;
  /** Whether it is told, at this time, who did what and was refused what: for administrators. Default: no. */
  seesAudit?: () => boolean;
}

export class EventReader implements CommitReader {
  readonly patterns: Set<string>;
  readonly #hub: EventHub;
  readonly #telling: Telling;
  readonly #bell = new Bell();
  readonly #growth = new Map<number, { log: Log; after: number }>();
  readonly #seesAudit: () => boolean;
  readonly #leave: () => void;
  #position: number;

  constructor(hub: EventHub, options: ReaderOptions) {
    this.#hub = hub;
    this.patterns = new Set(options.patterns);
    this.#telling = options.telling;
    this.#seesAudit = options.seesAudit ?? (() => false);
    this.#position = options.from ?? hub.newest;
    this.#leave = hub.add(this);
  }

  /** Everything up to this event number has been told. */
  get position(): number {
    return this.#position;
  }

  /** Whether this is the end: nothing more will be told after what there is. */
  get isStopping(): boolean {
    return this.#hub.isStopping;
  }

  close(): void {
    this.#leave();
  }

  stopping(): void {
    this.#bell.ring();
  }

  /** Wake the one who waits: there is something to do besides events. */
  wake(): void {
    this.#bell.ring();
  }

  /** Until something may have happened. */
  wait(signal: AbortSignal, timeoutMs: number): Promise<Wake> {
    return this.#bell.wait(signal, timeoutMs);
  }

  committed(events: readonly StoredEvent[], growth: readonly Log[], newest: number): void {
    const grew = growth.filter(
      (log) => keysFor(this.patterns, logEventPaths(logResource(log), 'append'), 'once').length > 0,
    );
    for (const log of grew) this.#remember(log, newest);
    const isCaughtUp = this.#position === newest - events.length && this.#growth.size === 0;
    if (!isCaughtUp) this.#bell.ring();
    else if (events.some((event) => this.#matches(event))) this.#bell.ring();
    else this.#position = newest;
  }

  /** What is to be told next, in order; empty when nothing has happened that matches. */
  async read(): Promise<Told[]> {
    while (this.#position !== this.#hub.newest) {
      const events = await this.#hub.after(this.#position, PAGE);
      if (events === null) return [this.#resync()];
      const told = events.flatMap((event) => [
        ...this.#grownBefore(event.number),
        ...this.#tell(event, this.patterns),
      ]);
      this.#position = events.at(-1)?.number ?? this.#position;
      if (told.length > 0) return told;
    }
    return this.#grownBefore(Number.POSITIVE_INFINITY);
  }

  /** What one pattern has missed after `from` and up to the position, in pages: for a subscription added later. */
  async *replay(pattern: string, from: number): AsyncGenerator<Told[]> {
    const only = new Set([pattern]);
    let position = from;
    if (position > this.#hub.newest) yield [{ resync: true, n: this.#position }];
    while (position < this.#position) {
      const events = await this.#hub.after(position, Math.min(PAGE, this.#position - position));
      if (events === null) {
        yield [{ resync: true, n: this.#position }];
        return;
      }
      yield events.flatMap((event) => this.#tell(event, only));
      position = events.at(-1)?.number ?? this.#position;
    }
  }

  #matches(event: StoredEvent): boolean {
    return this.#mayTell(event) && keysFor(this.patterns, event.paths, 'once').length > 0;
  }

  #mayTell({ paths: [path = ''] }: StoredEvent): boolean {
    return !path.startsWith('audit/') || this.#seesAudit();
  }

  #tell(event: StoredEvent, patterns: ReadonlySet<string>): EventMessage[] {
    if (!this.#mayTell(event)) return [];
    return keysFor(patterns, event.paths, this.#telling).map((k) => ({ k, m: event.body, n: event.number }));
  }

  #resync(): Resync {
    this.#position = this.#hub.newest;
    this.#growth.clear();
    return { resync: true, n: this.#position };
  }

  /** Re-inserted on every growth, so that the map stays in the order of `after`. */
  #remember(log: Log, after: number): void {
    this.#growth.delete(log.logId);
    this.#growth.set(log.logId, { log, after });
    if (this.#growth.size <= MAX_GROWTH) return;
    const [oldest] = this.#growth.keys();
    if (oldest !== undefined) this.#growth.delete(oldest);
  }

  #grownBefore(number: number): EventMessage[] {
    const told: EventMessage[] = [];
    for (const [logId, { log, after }] of this.#growth) {
      if (after >= number) break;
      this.#growth.delete(logId);
      const resource = logResource(log);
      const keys = keysFor(this.patterns, logEventPaths(resource, 'append'), this.#telling);
      told.push(...keys.map((k) => ({ k, m: resource })));
    }
    return told;
  }
}
