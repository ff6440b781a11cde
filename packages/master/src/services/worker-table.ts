/**
 * The workers as the queue sees them: what the store says (limits, paused), what the connection says (there or not,
 * availability), and what was learnt by trying (it did not answer).
 */
import { EVERYTHING, effectiveAvailability, type WorkerResource } from '@buildbot/shared';
import type { QueueWorker } from '../core/queue/worker-state.ts';
import type { Clock } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { ConnectedWorker, WorkerPool } from '../ports/workers.ts';

/** A worker that did not answer a ping is asked again after this long, or when it is heard of. Milliseconds. */
const SILENCE_MS = 10_000;

export interface WorkerTableDeps {
  store: Store;
  pool: WorkerPool;
  clock: Clock;
}

/** A worker as the queue sees it, kept from one look to the next, with what it was made from. */
interface Kept {
  worker: QueueWorker;
  row: WorkerResource;
  link: ConnectedWorker | undefined;
}

export class WorkerTable {
  readonly #deps: WorkerTableDeps;
  readonly #rows = new Map<number, WorkerResource>();
  /** Made anew for a worker whose row has changed, or that was heard of: it says something else on the same connection. */
  readonly #kept = new Map<number, Kept>();
  readonly #snapshot = new Map<number, QueueWorker>();
  /** Until when a silent worker is left alone, on the monotonic clock. */
  readonly #silentUntil = new Map<number, number>();

  constructor(deps: WorkerTableDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const { rows } = await this.#deps.store.query('workers', EVERYTHING);
    this.#rows.clear();
    this.#kept.clear();
    this.#snapshot.clear();
    for (const row of rows) this.update(row);
  }

  /** A worker's row has changed. */
  update(row: WorkerResource): void {
    this.#rows.set(row.workerid, row);
  }

  name(workerId: number): string {
    return this.#rows.get(workerId)?.name ?? `#${workerId}`;
  }

  silence(workerId: number): void {
    this.#silentUntil.set(workerId, this.#deps.clock.monotonic() + SILENCE_MS);
  }

  /** Something was heard of this worker: it is not taken for silent. */
  hear(workerId: number): void {
    this.#silentUntil.delete(workerId);
    this.#kept.delete(workerId);
  }

  /** How long until the next silent worker is worth another try; `null` when none is silent. Milliseconds. */
  nextTryMs(): number | null {
    if (this.#silentUntil.size === 0) return null;
    return Math.min(...this.#silentUntil.values()) - this.#deps.clock.monotonic();
  }

  /** Connected workers that are to leave and have no build left: of their own accord, or because an admin said so. */
  leaving(running: (workerId: number) => number): { workerId: number; isOwnWish: boolean }[] {
    const free = this.#deps.pool.connected().filter(({ workerId }) => running(workerId) === 0);
    return free
      .map(({ workerId, graceful }) => ({ workerId, isOwnWish: graceful }))
      .filter(({ workerId, isOwnWish }) => isOwnWish || this.#rows.get(workerId)?.graceful === true);
  }

  #endSilence(): void {
    const now = this.#deps.clock.monotonic();
    for (const [workerId, until] of this.#silentUntil) if (until <= now) this.#silentUntil.delete(workerId);
  }

  /**
   * As things are now, until the next time. `running` counts the builds of each worker. Every round of the queue asks for
   * this, so what seldom changes is not worked out for each of some hundred workers again.
   */
  snapshot(running: (workerId: number) => number): ReadonlyMap<number, QueueWorker> {
    const now = this.#deps.clock.now();
    this.#endSilence();
    const connected = new Map(this.#deps.pool.connected().map((worker) => [worker.workerId, worker]));
    for (const row of this.#rows.values()) {
      const { workerid: workerId } = row;
      const worker = this.#keep(row, connected.get(workerId));
      worker.suspect = suspicion(row, now);
      worker.silent = this.#silentUntil.has(workerId);
      worker.running = running(workerId);
    }
    return this.#snapshot;
  }

  #keep(row: WorkerResource, link: ConnectedWorker | undefined): QueueWorker {
    const { workerid: workerId } = row;
    const kept = this.#kept.get(workerId);
    if (kept !== undefined && kept.row === row && kept.link === link) {
      // The load alone makes nobody look, so nobody is told of it.
      kept.worker.measuredLoad = link?.load ?? null;
      return kept.worker;
    }
    const worker = queueWorker(row, link);
    this.#kept.set(workerId, { worker, row, link });
    this.#snapshot.set(workerId, worker);
    return worker;
  }
}

/** What does not change but by an event: the rest is for the snapshot to say. */
function queueWorker(row: WorkerResource, link: ConnectedWorker | undefined): QueueWorker {
  return {
    workerId: row.workerid,
    name: row.name,
    connected: link !== undefined,
    ...availabilityOf(row, link),
    paused: row.paused,
    graceful: row.graceful || link?.graceful === true,
    suspect: null,
    silent: false,
    maxBuilds: row.max_builds,
    cpus: link?.info.cpus ?? null,
    measuredLoad: link?.load ?? null,
    running: 0,
  };
}

/** Over when its time is, also before the row says so. */
function suspicion({ suspect }: WorkerResource, now: number): QueueWorker['suspect'] {
  const forMs = suspect === null ? 0 : suspect.until * 1000 - now;
  return suspect === null || forMs <= 0 ? null : { forMs, reason: suspect.reason };
}

/** What the connection says is newer than the row; what the master's admin says is only there. */
function availabilityOf(row: WorkerResource, link: ConnectedWorker | undefined) {
  const admin = row.admin_availability;
  const said = link && {
    ...{ availability: link.availability, rule: link.availabilityRule },
    ...{ reason: link.availabilityReason, until: link.availabilityUntil },
  };
  const stored = {
    ...{ availability: row.availability, rule: row.availability_rule },
    ...{ reason: row.availability_reason, until: milliseconds(row.availability_until) },
  };
  const word = admin && { ...admin, at: milliseconds(admin.at), until: milliseconds(admin.until) };
  const { availability, rule, reason, until } = effectiveAvailability(said ?? stored, word);
  return {
    ...{ availability, availabilityRule: rule },
    ...{ availabilityReason: reason, availabilityUntil: until },
  };
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
