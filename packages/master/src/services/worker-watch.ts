/**
 * What time does to workers: a suspect one gets another chance when its time is over, one that is away for longer than
 * the grace is taken for missing, and what the master's admin said of one for a while ends. All of it is kept in the
 * store, which tells of it.
 */
import {
  EVERYTHING,
  matchesPath,
  remainingMs,
  type StoredEvent,
  type WorkerResource,
} from '@buildbot/shared';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { Alarm } from './alarm.ts';
import { Doorbell } from './doorbell.ts';
import { Lifecycle } from './lifecycle.ts';

export interface WorkerWatchDeps {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** A worker may be away for this long. Milliseconds. */
  graceMs: number;
  /** No suspicion lasts longer, whatever the clock does. Looked at in each round. Milliseconds. */
  maxSuspicionMs: number;
}

/** Ends when either clock says so: the wall clock may be set back, and must not prolong it. */
interface TimedWord {
  /** As it stands in the store, to tell it from the next one. */
  text: string;
  /** Epoch milliseconds. */
  until: number;
  /** On the clock that never jumps. */
  deadline: number;
}

export class WorkerWatch implements Service {
  readonly name = 'worker watch';
  readonly #deps: WorkerWatchDeps;
  /** When each suspicion is over. Epoch milliseconds. */
  readonly #suspects = new Map<number, number>();
  /** When each worker that is away becomes missing, on the clock that never jumps. */
  readonly #away = new Map<number, number>();
  /** What the master's admin said of workers for a while. */
  readonly #words = new Map<number, TimedWord>();
  readonly #doorbell: Doorbell;
  readonly #alarm: Alarm;
  readonly #lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  #unsubscribe: (() => void) | null = null;

  constructor(deps: WorkerWatchDeps) {
    this.#deps = deps;
    const onError = (error: unknown): void =>
      deps.logger.error({ err: error }, 'the watch over workers failed');
    this.#doorbell = new Doorbell(() => this.#round(), onError);
    this.#alarm = new Alarm(deps.clock, () => this.#doorbell.ring());
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async #open(): Promise<void> {
    this.#unsubscribe = this.#deps.store.onCommit((events) => this.#onCommit(events));
    const { rows } = await this.#deps.store.query('workers', EVERYTHING);
    for (const row of rows) this.#see(row);
    this.#doorbell.open();
    this.#doorbell.ring();
  }

  async #close(): Promise<void> {
    this.#unsubscribe?.();
    await this.#doorbell.close();
    this.#alarm.cancel();
    this.#suspects.clear();
    this.#away.clear();
    this.#words.clear();
  }

  #onCommit(events: readonly StoredEvent[]): void {
    const about = events.filter(({ paths }) => matchesPath('workers/*/*', paths[0] ?? ''));
    for (const { body } of about) this.#see(body as WorkerResource);
    if (about.length > 0) this.#doorbell.ring();
  }

  #see(worker: WorkerResource): void {
    const { workerid, suspect, connected_to, missing_since } = worker;
    const { clock, graceMs } = this.#deps;
    this.#seeWord(worker);
    if (suspect === null) this.#suspects.delete(workerid);
    else this.#suspects.set(workerid, suspect.until * 1000);
    if (connected_to.length > 0 || missing_since !== null) this.#away.delete(workerid);
    else if (!this.#away.has(workerid)) this.#away.set(workerid, clock.monotonic() + graceMs);
  }

  #seeWord({ workerid, admin_availability: word }: WorkerResource): void {
    if (word === null || word.until === null) {
      this.#words.delete(workerid);
      return;
    }
    const { clock } = this.#deps;
    const text = JSON.stringify(word);
    if (this.#words.get(workerid)?.text === text) return;
    const times = { at: word.at === null ? null : word.at * 1000, until: word.until * 1000 };
    const left = remainingMs(times, clock.now()) ?? 0;
    this.#words.set(workerid, { text, until: times.until, deadline: clock.monotonic() + left });
  }

  async #round(): Promise<void> {
    const { store, clock, maxSuspicionMs } = this.#deps;
    const now = clock.now();
    for (const [workerId, until] of this.#suspects) {
      // Further away than any suspicion lasts: the clock has jumped back.
      if (until > now && until - now <= maxSuspicionMs) continue;
      this.#suspects.delete(workerId);
      await store.trustWorker(workerId, { forget: false });
    }
    for (const [workerId, at] of this.#away) {
      if (at > clock.monotonic()) continue;
      this.#away.delete(workerId);
      await store.markMissing(workerId);
    }
    await this.#endWords();
    this.#setAlarm();
  }

  async #endWords(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const [workerId, { until, deadline }] of this.#words) {
      if (until > clock.now() && deadline > clock.monotonic()) continue;
      this.#words.delete(workerId);
      await store.setWorkerState(workerId, { admin: null });
    }
  }

  #setAlarm(): void {
    const { clock } = this.#deps;
    const passed = clock.now() - clock.monotonic();
    const moments = [
      ...this.#suspects.values(),
      ...[...this.#away.values()].map((at) => at + passed),
      ...[...this.#words.values()].map(({ until, deadline }) => Math.min(until, deadline + passed)),
    ];
    this.#alarm.set(moments.length === 0 ? null : Math.min(...moments));
  }
}
