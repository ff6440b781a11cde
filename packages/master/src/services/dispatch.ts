/**
 * Brings requests and workers together. It looks at the queue whenever something has changed that may matter: a commit, a
 * worker, a build's end, a delay that is over. Between these it does nothing. What begins here goes on in `running-builds.ts`.
 */
import { matchesPath, type StopOrder, type StoredEvent, type WorkerResource } from '@buildbot/shared';
import { type AssignInput, type Assignment, assign } from '../core/queue/assign.ts';
import { waitingReason } from '../core/queue/waiting.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../core/retry.ts';
import type { SuspectPolicy } from '../core/suspect.ts';
import type { QueueInsight } from '../ports/control.ts';
import type { Recipe, Recipes } from '../ports/recipe.ts';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { WorkerPool } from '../ports/workers.ts';
import { Alarm } from './alarm.ts';
import type { BuildRunner } from './build-runner.ts';
import { Doorbell } from './doorbell.ts';
import { EligibleWorkers } from './eligibility.ts';
import { Lifecycle } from './lifecycle.ts';
import { PendingQueue } from './pending-queue.ts';
import { takeUpBuilds } from './recovery.ts';
import { BuildsInSlots, type RunningBuilds } from './running-builds.ts';
import { Setback } from './setback.ts';
import { type Slot, Slots } from './slots.ts';
import { steadyClock } from './steady-clock.ts';
import { WarmCheckouts } from './warm-checkouts.ts';
import { WorkerTable } from './worker-table.ts';

export interface DispatchDeps {
  store: Store;
  pool: WorkerPool;
  clock: Clock;
  logger: Logger;
  masterId: number;
  /** The configuration in force now; another object after a reconfiguration. */
  recipes: () => Recipes;
  // These are looked at whenever they matter: behind a getter they may change, too.
  retry?: RetryPolicy;
  suspect?: SuspectPolicy;
  /** How long a worker may take to answer before it is given a build. Milliseconds, default 5000. */
  pingTimeoutMs?: number;
}

const DEFAULT_PING_TIMEOUT_MS = 5000;

export class Dispatch implements Service, QueueInsight, RunningBuilds {
  readonly name = 'dispatch';
  readonly #deps: DispatchDeps;
  /** For the queue, which must not wait longer or shorter when the wall clock jumps. */
  readonly #clock: Clock;
  readonly #workers: WorkerTable;
  readonly #pending: PendingQueue;
  readonly #slots = new Slots();
  readonly #warm = new WarmCheckouts();
  readonly #eligible: EligibleWorkers;
  readonly #builds: BuildsInSlots;
  readonly #doorbell: Doorbell;
  readonly #alarm: Alarm;
  readonly #setback: Setback;
  readonly #lifecycle = new Lifecycle({ start: () => this.#open(), stop: () => this.#close() });
  #unsubscribe: (() => void)[] = [];
  #isDraining = false;

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
    this.#workers = new WorkerTable(deps);
    this.#clock = steadyClock(deps.clock);
    this.#pending = new PendingQueue({
      ...{ store: deps.store, clock: this.#clock, wallClock: deps.clock },
      get maxDelayMs() {
        return (deps.retry ?? DEFAULT_RETRY_POLICY).maxDelay;
      },
    });
    const onError = (error: unknown): void => deps.logger.error({ err: error }, 'dispatch failed');
    this.#eligible = new EligibleWorkers(deps.recipes, this.#warm);
    const onFree = (): void => this.#doorbell.ring();
    this.#builds = new BuildsInSlots(deps, { slots: this.#slots, onFree, onError });
    this.#doorbell = new Doorbell(() => this.#round(), onError);
    this.#alarm = new Alarm(this.#clock, () => this.#doorbell.ring());
    this.#setback = new Setback(this.#clock);
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Starts nothing more and leaves what runs to the next start of the master. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Start nothing more; resolves when no build runs. Only a stop and a start undo it. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#builds.drained();
  }

  /** Look again, for example after a reconfiguration. */
  wake(): void {
    this.#doorbell.ring();
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  waitingReason(requestId: number): string | null {
    if (this.#pending.isStarting(requestId)) return 'is about to start';
    if (this.#isDraining)
      return 'the master starts nothing more: it ends when the builds that run have ended';
    const reason = waitingReason(this.#assignInput(), requestId);
    return reason && (this.#setback.current?.reason ?? reason);
  }

  stopBuild(buildId: number, order: StopOrder): void {
    this.#builds.stopBuild(buildId, order);
  }

  withdrawBuildsFrom(workerId: number, reason: string): void {
    this.#builds.withdrawBuildsFrom(workerId, reason);
  }

  async #open(): Promise<void> {
    this.#builds.open();
    this.#isDraining = false;
    this.#unsubscribe = [
      this.#deps.store.onCommit((events) => this.#onCommit(events)),
      this.#deps.pool.onChange((workerId) => this.#onWorker(workerId)),
    ];
    await this.#workers.load();
    await this.#warm.load(this.#deps.store);
    const jobs = await takeUpBuilds(this.#deps, (workerId) => this.#workers.name(workerId));
    for (const { recipe, claimed } of jobs) this.#warm.note(recipe.builderId, claimed.build.workerId);
    await this.#builds.takeUp(jobs);
    this.#pending.invalidate();
    this.#doorbell.open();
    this.#doorbell.ring();
  }

  async #close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#doorbell.close();
    this.#alarm.cancel();
    await this.#builds.abandon();
  }

  #onCommit(events: readonly StoredEvent[]): void {
    let matters = false;
    for (const event of events) {
      const path = event.paths[0] ?? '';
      if (path.startsWith('buildrequests/')) matters = this.#pending.see(event) || matters;
      if (!matchesPath('workers/*/*', path)) continue;
      this.#workers.update(event.body as WorkerResource);
      matters = true;
    }
    if (matters) this.#doorbell.ring();
  }

  #onWorker(workerId: number): void {
    this.#workers.hear(workerId);
    this.#doorbell.ring();
  }

  async #round(): Promise<void> {
    this.#letLeave();
    if (this.#isDraining) return;
    await this.#pending.refresh();
    if (this.#setback.current === null)
      for (const assignment of assign(this.#assignInput())) this.#start(assignment);
    this.#setAlarm();
  }

  #setAlarm(): void {
    const tryMs = this.#workers.nextTryMs();
    const tryAt = tryMs === null ? null : this.#clock.now() + tryMs;
    const setbackEnd = this.#setback.current?.until ?? null;
    const moments = [this.#pending.queue.nextDueAt(), tryAt, setbackEnd].filter((at) => at !== null);
    this.#alarm.set(moments.length === 0 ? null : Math.min(...moments));
  }

  /** What is about to start counts as a build: nobody is sent away from between a decision and its claim. */
  #letLeave(): void {
    const { pool } = this.#deps;
    for (const workerId of pool.departing()) if (this.#slots.count(workerId) === 0) pool.dismiss(workerId);
    for (const { workerId, isOwnWish } of this.#workers.leaving((id) => this.#slots.count(id))) {
      if (isOwnWish) pool.release(workerId);
      else pool.retire(workerId, 'it was taken out of service');
    }
  }

  #assignInput(): AssignInput {
    return {
      queue: this.#pending.queue,
      workers: this.#workers.snapshot((workerId) => this.#slots.count(workerId)),
      builders: this.#eligible.current.builders,
      now: this.#clock.now(),
    };
  }

  #start({ request, workerId }: Assignment): void {
    const recipe = this.#deps.recipes().of(request.builderId);
    if (recipe === undefined) return;
    const { requestId } = request;
    this.#pending.begin(requestId);
    const slot = this.#slots.take(workerId, recipe.name, (name) => this.#eligible.current.names.has(name));
    this.#builds.occupy(slot, async () => await this.#claim(requestId, recipe, slot));
  }

  /** A runner for the request's new build; `null` when the worker does not answer or the request is gone. */
  async #claim(requestId: number, recipe: Recipe, slot: Slot): Promise<BuildRunner | null> {
    const { store, pool, masterId, pingTimeoutMs = DEFAULT_PING_TIMEOUT_MS } = this.#deps;
    const { workerId, builddir } = slot;
    let isSettled = false;
    try {
      if (!(await pool.ping(workerId, pingTimeoutMs))) {
        this.#workers.silence(workerId);
        return null;
      }
      const claimed = await store.claim({ requestId, workerId, masterId, builddir });
      isSettled = true;
      if (claimed === null) return null;
      const properties = this.#deps.recipes().workerProperties(workerId);
      const worker = { name: this.#workers.name(workerId), properties };
      this.#warm.note(recipe.builderId, workerId);
      return this.#builds.begin({ claimed, recipe, worker, builddir });
    } catch (error) {
      this.#setback.note(error);
      throw error;
    } finally {
      this.#pending.settle(requestId, isSettled);
    }
  }
}
