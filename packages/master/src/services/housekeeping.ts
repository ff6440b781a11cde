/** Removes what is older than it is kept: builds, logs, events. In small rounds, so that nobody waits behind it. */
import type { MasterConfig } from '@buildbot/shared';
import type { RetentionLimits } from '../ports/records.ts';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { Alarm } from './alarm.ts';
import { Doorbell } from './doorbell.ts';
import { Lifecycle } from './lifecycle.ts';

export interface HousekeepingDeps {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** How long things are kept, in milliseconds; what is not named is kept for ever. */
  retention: () => MasterConfig['retention'];
  /** Between rounds that found little to do. Milliseconds, default ten minutes. */
  intervalMs?: number;
  /** Builds per round, default 100. */
  batch?: number;
}

const DEFAULT_INTERVAL_MS = 10 * 60_000;
const DEFAULT_BATCH = 100;

/** How long a process of a worker that was replaced is kept from taking its place again: no machine sleeps longer. */
const SESSIONS_KEPT_MS = 30 * 24 * 60 * 60_000;

export class Housekeeping implements Service {
  readonly name = 'housekeeping';
  readonly #deps: HousekeepingDeps;
  readonly #alarm: Alarm;
  readonly #doorbell: Doorbell;
  readonly #lifecycle: Lifecycle;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
    const onError = (error: unknown): void => deps.logger.error({ err: error }, 'housekeeping failed');
    this.#doorbell = new Doorbell(() => this.#round(), onError);
    this.#alarm = new Alarm(deps.clock, () => this.#doorbell.ring());
    this.#lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async #open(): Promise<void> {
    this.#doorbell.open();
    this.#doorbell.ring();
  }

  async #close(): Promise<void> {
    await this.#doorbell.close();
    this.#alarm.cancel();
  }

  async #round(): Promise<void> {
    const { store, clock, logger, intervalMs = DEFAULT_INTERVAL_MS, batch = DEFAULT_BATCH } = this.#deps;
    // Set first: a round that fails is followed by another one all the same.
    this.#alarm.set(clock.now() + intervalMs);
    const removed = await store.cleanUp(this.#limits(batch));
    if (removed.builds + removed.logs + removed.events > 0) logger.info(removed, 'old things were removed');
    if (removed.builds >= batch) this.#doorbell.ring();
  }

  #limits(batch: number): RetentionLimits {
    const { builds, logs, events } = this.#deps.retention();
    const now = this.#deps.clock.now();
    const before = (kept: number | undefined): number | null => (kept === undefined ? null : now - kept);
    return {
      buildsBefore: before(builds),
      logsBefore: before(logs),
      eventsBefore: before(events),
      sessionsBefore: before(SESSIONS_KEPT_MS),
      batch,
    };
  }
}
