/**
 * The builds that run in this process, each in its slot, from the moment there is a build until its end is in the store.
 * Orders to stop and lost workers find their builds here.
 */
import type { StopOrder } from '@buildbot/shared';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../core/retry.ts';
import { DEFAULT_SUSPECT_POLICY, type SuspectPolicy } from '../core/suspect.ts';
import type { Clock, Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { WorkerPool } from '../ports/workers.ts';
import { Background } from './background.ts';
import { type BuildJob, BuildRunner } from './build-runner.ts';
import { type BuildStore, patientStore } from './patient-store.ts';
import type { Slot, Slots } from './slots.ts';

/** The builds that run, for those who control them. */
export interface RunningBuilds {
  /** Carry out an order that is durable already. Builds that do not run here are none of its business. */
  stopBuild(buildId: number, order: StopOrder): void;
  /** A person takes a worker out of service: its builds begin anew, elsewhere first. */
  withdrawBuildsFrom(workerId: number, reason: string): void;
}

interface BuildsInSlotsDeps {
  store: Store;
  pool: WorkerPool;
  clock: Clock;
  logger: Logger;
  // These are looked at at the beginning of each build: behind a getter they may change.
  retry?: RetryPolicy;
  suspect?: SuspectPolicy;
}

interface BuildsInSlotsInput {
  slots: Slots;
  /** A slot is free again. */
  onFree: () => void;
  onError: (error: unknown) => void;
}

export class BuildsInSlots implements RunningBuilds {
  readonly #deps: BuildsInSlotsDeps;
  readonly #slots: Slots;
  readonly #onFree: () => void;
  readonly #background: Background;
  readonly #runners = new Map<number, BuildRunner>();
  /** Aborted while the master stops: what waits for space on the disk is left to its next start. */
  #stopping = new AbortController();
  #store: BuildStore;

  constructor(deps: BuildsInSlotsDeps, { slots, onFree, onError }: BuildsInSlotsInput) {
    this.#deps = deps;
    this.#slots = slots;
    this.#onFree = onFree;
    this.#background = new Background(onError);
    this.#store = deps.store;
  }

  /** From now on builds may run. */
  open(): void {
    const { store, logger } = this.#deps;
    this.#stopping = new AbortController();
    this.#store = patientStore({ store, logger, signal: this.#stopping.signal });
  }

  /** Leave what runs to the next start of the master. */
  async abandon(): Promise<void> {
    for (const runner of this.#runners.values()) runner.abandon();
    this.#stopping.abort();
    await this.drained();
  }

  /** Resolves when no build runs and none is about to. */
  async drained(): Promise<void> {
    await this.#background.drained();
  }

  /**
   * Builds of an earlier process take up their place before anything else begins: their folders are theirs, and what they
   * wait for is wanted again, so that the first worker that comes is told so.
   */
  async takeUp(jobs: readonly BuildJob[]): Promise<void> {
    const runners = jobs.map((job) => this.begin(job));
    for (const runner of runners) this.#slots.hold(runner.slot);
    for (const runner of runners) this.occupy(runner.slot, async () => runner);
    await Promise.all(runners.map(({ placed }) => placed));
  }

  /** Run a build in its slot, which is free when it has ended. `find` answers `null` when there is no build after all. */
  occupy(slot: Slot, find: () => Promise<BuildRunner | null>): void {
    this.#background.run(async () => {
      try {
        const runner = await find();
        if (runner !== null) await this.#runToItsEnd(runner);
      } finally {
        this.#slots.release(slot);
        this.#onFree();
      }
    });
  }

  /** From now on it can be stopped; it runs when its slot is occupied with it. */
  begin(job: BuildJob): BuildRunner {
    const { retry = DEFAULT_RETRY_POLICY, suspect = DEFAULT_SUSPECT_POLICY } = this.#deps;
    const runner = new BuildRunner({ ...this.#deps, store: this.#store, retry, suspect }, job);
    this.#runners.set(runner.buildId, runner);
    return runner;
  }

  stopBuild(buildId: number, order: StopOrder): void {
    this.#runners.get(buildId)?.stop(order);
  }

  withdrawBuildsFrom(workerId: number, reason: string): void {
    for (const runner of this.#runners.values())
      if (runner.slot.workerId === workerId) runner.withdraw(reason);
  }

  async #runToItsEnd(runner: BuildRunner): Promise<void> {
    // The master began to stop while the claim was being written.
    if (this.#stopping.signal.aborted) runner.abandon();
    try {
      await runner.run();
    } finally {
      this.#runners.delete(runner.buildId);
    }
  }
}
