/**
 * Hands alerts to the administrator's command, one after the other and each at least once: the position in the event
 * outbox is kept in the store after each of them, so that those of a master that was killed are told by the next one.
 * Nothing waits for it, and a command that keeps failing is told of in the log and passed over.
 */
import { EVERYTHING, type StoredEvent, sleep } from '@buildbot/shared';
import { type Alert, alertOf, isAlerting } from '../core/alert.ts';
import type { Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { Doorbell } from './doorbell.ts';
import { Lifecycle } from './lifecycle.ts';

export interface AlertsDeps {
  store: Store;
  logger: Logger;
  /**
   * Tells one alert, given as JSON; answers `null`, or why that failed. It is `null` itself when nobody wants to hear of
   * any. May be another one at the next start.
   */
  tell: ((json: string, signal: AbortSignal) => Promise<string | null>) | null;
  /** Before each further attempt. Milliseconds, default 1 s, 10 s, 1 min. */
  retryDelaysMs?: readonly number[];
}

const READER = 'alerts';
const DEFAULT_RETRY_DELAYS_MS = [1000, 10_000, 60_000];
/** Events read at once, and the most that may pass without the position being kept. */
const BATCH = 1000;

export class Alerts implements Service {
  readonly name = 'alerts';
  readonly #deps: AlertsDeps;
  readonly #doorbell: Doorbell;
  readonly #lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  /** Alerting events still to be told, oldest first. */
  #queue: StoredEvent[] = [];
  /** The newest event that was looked at, and the newest position that is kept. */
  #seen = 0;
  #kept = 0;
  #unsubscribe: (() => void) | null = null;
  #stopping = new AbortController();

  constructor(deps: AlertsDeps) {
    this.#deps = deps;
    const onError = (error: unknown): void => deps.logger.error({ err: error }, 'alerts failed');
    this.#doorbell = new Doorbell(() => this.#round(), onError);
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async #open(): Promise<void> {
    const { store, tell } = this.#deps;
    // Who switches alerts on wants to hear of what is new, not of all that happened while they were off.
    if (tell === null) return await store.setReaderPosition(READER, null);
    this.#stopping = new AbortController();
    const { newest } = await store.eventRange();
    const position = await store.readerPosition(READER);
    this.#kept = position ?? newest;
    this.#seen = this.#kept;
    if (position === null) await store.setReaderPosition(READER, newest);
    this.#unsubscribe = store.onCommit((events) => this.#onCommit(events));
    this.#doorbell.open();
    this.#doorbell.ring();
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.();
    this.#stopping.abort();
    await this.#doorbell.close();
    this.#queue = [];
  }

  /** Events are only counted here: what they say is read from the outbox, in order and without gaps. */
  #onCommit(events: readonly StoredEvent[]): void {
    const newest = events.at(-1)?.number ?? 0;
    if (events.some(isAlerting) || newest - this.#kept >= BATCH) this.#doorbell.ring();
  }

  async #round(): Promise<void> {
    const { store } = this.#deps;
    for (;;) {
      const events = await store.eventsAfter(this.#seen, BATCH);
      this.#seen = events.at(-1)?.number ?? this.#seen;
      this.#queue.push(...events.filter(isAlerting));
      if (!(await this.#tellAll())) return;
      if (this.#seen > this.#kept) await this.#keep(this.#seen);
      if (events.length < BATCH) return;
    }
  }

  /** `false` when the master stops before all are told. */
  async #tellAll(): Promise<boolean> {
    if (this.#queue.length === 0) return true;
    const { rows } = await this.#deps.store.query('builders', EVERYTHING);
    const names = new Map(rows.map(({ builderid, name }) => [builderid, name]));
    for (let event = this.#queue[0]; event !== undefined; event = this.#queue[0]) {
      const alert = alertOf(event, (builderId) => names.get(builderId) ?? `#${builderId}`);
      if (alert !== null) await this.#tell(alert);
      if (this.#stopping.signal.aborted) return false;
      this.#queue.shift();
      await this.#keep(event.number);
    }
    return true;
  }

  async #tell(alert: Alert): Promise<void> {
    const { tell, logger, retryDelaysMs = DEFAULT_RETRY_DELAYS_MS } = this.#deps;
    const { signal } = this.#stopping;
    for (const delay of [...retryDelaysMs, null]) {
      const failure = await tell?.(`${JSON.stringify(alert)}\n`, signal);
      if (signal.aborted || failure === null || failure === undefined) return;
      const fields = { alert: alert.alert, id: alert.id, failure };
      if (delay === null) logger.error(fields, 'an alert could not be told and is passed over');
      else logger.warn(fields, 'an alert could not be told and is tried again');
      if (delay !== null) await sleep(delay, signal);
    }
  }

  async #keep(position: number): Promise<void> {
    await this.#deps.store.setReaderPosition(READER, position);
    this.#kept = position;
  }
}
