/**
 * Runs one build: feeds the build's state machine with what happens and performs what it decides. Orders to stop and
 * lost workers may come at any moment; the machine sees to it that there is one end.
 */
import { type Build, messageOf, type Properties, type Step, type StopOrder } from '@buildbot/shared';
import { type AttemptEnd, attemptEnd } from '../core/attempt-end.ts';
import {
  type BuildEffect,
  type BuildEnd,
  type BuildEvent,
  type BuildState,
  buildTransition,
  cancelled,
  newBuild,
  resumedBuild,
} from '../core/build.ts';
import { initialProperties } from '../core/build-properties.ts';
import type { Loss } from '../core/common-loss.ts';
import { type Fingerprint, recipeChange } from '../core/fingerprint.ts';
import { cancelledText } from '../core/flow.ts';
import { interpolate } from '../core/properties.ts';
import type { RetryPolicy } from '../core/retry.ts';
import type { SuspectPolicy } from '../core/suspect.ts';
import { buildLossText } from '../core/worker-process.ts';
import type { Recipe } from '../ports/recipe.ts';
import type { ClaimedBuild, UnfinishedBuild } from '../ports/records.ts';
import type { Clock, Logger } from '../ports/service.ts';
import type { WorkerPool } from '../ports/workers.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { BuildStore } from './patient-store.ts';
import type { Slot } from './slots.ts';
import type { BuildScope, RunningStep } from './step-context.ts';
import { runStep } from './step-runner.ts';

export interface BuildRunnerDeps {
  store: BuildStore;
  pool: WorkerPool;
  clock: Clock;
  logger: Logger;
  retry: RetryPolicy;
  suspect: SuspectPolicy;
}

/** The build with everything that was decided for it at its start. */
export interface BuildJob {
  claimed: ClaimedBuild;
  recipe: Recipe;
  worker: { name: string; properties: Recipe['properties'] };
  builddir: string;
  /** What an earlier process of the master did of it. */
  past?: Pick<UnfinishedBuild, 'recipe' | 'properties' | 'steps'>;
}

export class BuildRunner {
  readonly #deps: BuildRunnerDeps;
  readonly #job: BuildJob;
  readonly #placed = Promise.withResolvers<void>();
  #state: BuildState;
  #step: RunningStep | null = null;
  #withdrawal: string | null = null;
  #isAbandoned = false;

  constructor(deps: BuildRunnerDeps, job: BuildJob) {
    this.#deps = deps;
    this.#job = job;
    this.#state = newBuild(job.recipe.steps.map(({ rules }) => rules));
  }

  get buildId(): number {
    return this.#job.claimed.build.buildId;
  }

  get slot(): Slot {
    const { claimed, builddir } = this.#job;
    return { workerId: claimed.build.workerId, builddir };
  }

  /** Resolves when it waits for something outside of the master, and so has asked for all it had asked for before. */
  get placed(): Promise<void> {
    return this.#placed.promise;
  }

  /** Resolves when the build has its end in the store, or was abandoned. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      await this.#breakDown(error);
    } finally {
      this.#placed.resolve();
    }
  }

  /** End it as somebody wants. The order is durable already. */
  stop(order: StopOrder): void {
    for (const effect of this.#feed({ type: 'stop', order })) {
      if (effect.type !== 'stop-step') continue;
      this.#step?.interrupt({ kind: 'stopped', reason: cancelledText(order) });
      this.#sayStopping();
    }
  }

  /** What people see until the processes have ended: an order that waits for a worker must not look like a lost one. */
  #sayStopping(): void {
    const { store, pool, logger } = this.#deps;
    const isThere = pool.connected().some(({ workerId }) => workerId === this.slot.workerId);
    const text = isThere ? 'cancelling' : `cancelling, worker ${this.#job.worker.name} is away`;
    const failed = (error: unknown): void =>
      logger.error({ err: error, buildId: this.buildId }, 'that a build is being cancelled was not stored');
    store.setBuildState(this.buildId, text).catch(failed);
  }

  /** Somebody took its worker out of service. */
  withdraw(reason: string): void {
    this.#withdrawal ??= reason;
    this.#step?.interrupt({ kind: 'withdrawn', reason });
  }

  /** Leave it unfinished in the store: the master stops. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#step?.interrupt({ kind: 'abandoned' });
  }

  async #run(): Promise<void> {
    const beginning = await this.#begin();
    if (beginning === null) return;
    let { effects } = beginning;
    while (!this.#isAbandoned) {
      const [effect] = effects;
      if (effect?.type === 'finish') return await this.#finish(effect.end);
      const event = effect?.type === 'start-step' ? await this.#runStep(beginning.scope, effect.index) : null;
      if (event === null) return;
      effects = this.#feed(event);
    }
  }

  /** `null` when the build is finished already. */
  async #begin(): Promise<{ scope: BuildScope; effects: BuildEffect[] } | null> {
    const { claimed, recipe, worker, builddir, past } = this.#job;
    const { build, buildSet } = claimed;
    const initial = initialProperties({ build, buildSet, builder: recipe, worker, builddir });
    const steps = past?.steps ?? [];
    const found =
      steps.length === 0 ? await this.#enter(initial) : await this.#deps.store.build(build.buildId);
    if (found === null || found.completeAt !== null) return null;
    // Also one that was written between the claim and now, and found no runner to tell.
    const order = found.stop ?? claimed.request.cancel ?? this.#state.order;
    const effects = this.#resume(steps, order);
    // From what the build began with, so that a step sees the same environment when it runs again.
    const env = Object.entries(recipe.env).map(([name, value]) => [name, interpolate(value, initial)]);
    const { buildId, attempt, workerId } = build;
    const properties = steps.length === 0 ? initial : (past?.properties ?? initial);
    const { sourceStamps } = buildSet;
    const scope = { buildId, attempt, workerId, builddir, sourceStamps, properties };
    return { scope: { ...scope, env: Object.fromEntries(env) }, effects };
  }

  async #enter(properties: Properties): Promise<Build | null> {
    const recipe = JSON.stringify(this.#fingerprint());
    return await this.#deps.store.beginBuild(this.buildId, { recipe, properties });
  }

  #resume(steps: readonly Step[], order: StopOrder | null): BuildEffect[] {
    const change = this.#change(steps);
    if (change === null) {
      const rules = this.#job.recipe.steps.map((step) => step.rules);
      const resumed = resumedBuild(rules, steps, order);
      this.#state = resumed.state;
      if (order !== null) this.stop(order);
      return resumed.effects;
    }
    if (order !== null) this.stop(order);
    return this.#feed({ type: 'outdated', reason: change });
  }

  /** Why the configuration of now does not lead on from what the build has behind it. */
  #change(steps: readonly Step[]): string | null {
    const last = steps.at(-1);
    if (last === undefined) return null;
    const before = this.#job.past?.recipe ?? null;
    if (before === null) return 'it began in a version of Buildbot whose builds cannot be taken up again';
    return recipeChange(JSON.parse(before) as Fingerprint, this.#fingerprint(), last.number);
  }

  #fingerprint(): Fingerprint {
    return fingerprintOf(this.#job.recipe, this.#job.worker.properties);
  }

  /** What came of the step; `null` when the build is not this process's any more. */
  async #runStep(scope: BuildScope, number: number): Promise<BuildEvent | null> {
    const planned = this.#job.recipe.steps[number];
    if (planned === undefined) return null;
    const onRunning = (step: RunningStep): void => {
      this.#step = step;
      this.#catchUp(step);
    };
    const deps = { ...this.#deps, onWait: () => this.#placed.resolve() };
    const ending = await runStep(deps, scope, { number, planned, onRunning });
    this.#step = null;
    switch (ending.kind) {
      case 'ended':
        return { type: 'step-ended', results: ending.results };
      case 'lost':
        return this.#lost(buildLossText(this.#job.worker.name, ending.reason, planned.rules.label));
      case 'withdrawn':
        return {
          type: 'withdrawn',
          reason: buildLossText(this.#job.worker.name, ending.reason, planned.rules.label),
        };
      case 'outdated':
        return { type: 'outdated', reason: ending.reason };
      case 'left':
        return null;
    }
  }

  /** Of a worker that a person took out of the configuration nothing else was to be expected: nobody is to blame. */
  #lost(reason: string): BuildEvent {
    const isDeparting = this.#deps.pool.departing().includes(this.slot.workerId);
    if (!isDeparting) return { type: 'lost', reason };
    return { type: 'withdrawn', reason: `${reason}; it was taken out of the configuration` };
  }

  /** An order that came while the step was being made must not be lost on it; tidying steps run in spite of it. */
  #catchUp(step: RunningStep): void {
    if (this.#isAbandoned) step.interrupt({ kind: 'abandoned' });
    if (this.#withdrawal !== null) step.interrupt({ kind: 'withdrawn', reason: this.#withdrawal });
    const { order, current, steps } = this.#state;
    const isTidying = current !== null && steps[current]?.alwaysRun === true;
    if (order !== null && !isTidying) step.interrupt({ kind: 'stopped', reason: cancelledText(order) });
  }

  #feed(event: BuildEvent): BuildEffect[] {
    const next = buildTransition(this.#state, event);
    this.#state = next.state;
    return next.effects;
  }

  async #finish(end: BuildEnd): Promise<void> {
    const { store } = this.#deps;
    const count = this.#job.claimed.request.failures + 1;
    const losses = end.kind === 'infrastructure' ? await store.lossesOf(this.buildId, count) : [];
    await store.finishBuild({ buildId: this.buildId, ...this.#attemptEnd(end, losses) });
  }

  #attemptEnd(end: BuildEnd, losses: readonly Loss[]): AttemptEnd {
    const { clock, retry, suspect } = this.#deps;
    const { requestId, failures } = this.#job.claimed.request;
    return attemptEnd({ end, failures, requestId, retry, suspect, losses, now: clock.now() });
  }

  /**
   * A bug of ours, or a store that fails: the build must not look as if it ran for ever. Neither the source nor the worker
   * has a part in it, so it is tried again as a lost one is.
   */
  async #breakDown(error: unknown): Promise<void> {
    const { store, logger } = this.#deps;
    const { buildId } = this;
    // What failed here is tried again by the next master.
    if (this.#isAbandoned) return;
    logger.error({ err: error, buildId }, 'a build could not be run');
    this.#step?.interrupt({ kind: 'lost', reason: 'the master failed' });
    const { order } = this.#state;
    const end = order === null ? masterFailed(error) : cancelled(order);
    await store
      .finishBuild({ buildId, ...this.#attemptEnd(end, []), worker: null })
      .catch((again: unknown) =>
        logger.error({ err: again, buildId }, 'its end could not be written either'),
      );
  }
}

function masterFailed(error: unknown): BuildEnd {
  return { kind: 'infrastructure', reason: `the master failed: ${messageOf(error)}` };
}
