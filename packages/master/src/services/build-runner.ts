/**
 * Runs one build: feeds the build's state machine with what happens and performs what it decides. Orders to stop and
 * lost workers may come at any moment; the machine sees to it that there is one end.
 */
import { CANCELLED, EXCEPTION, messageOf, RETRY, type StopOrder } from '@buildbot/shared';
import {
  type BuildEffect,
  type BuildEnd,
  type BuildEvent,
  type BuildState,
  buildTransition,
  newBuild,
} from '../core/build.ts';
import { initialProperties } from '../core/build-properties.ts';
import { cancelledText } from '../core/flow.ts';
import { interpolate } from '../core/properties.ts';
import { decideRetry, type RetryPolicy, retryText } from '../core/retry.ts';
import type { Recipe } from '../ports/recipe.ts';
import type { Clock, Logger } from '../ports/service.ts';
import type { ClaimedBuild, Store } from '../ports/store.ts';
import type { WorkerPool } from '../ports/workers.ts';
import type { BuildScope, RunningStep } from './step-context.ts';
import { runStep } from './step-runner.ts';

export interface BuildRunnerDeps {
  store: Store;
  pool: WorkerPool;
  clock: Clock;
  logger: Logger;
  retry: RetryPolicy;
}

/** The build with everything that was decided for it at its start. */
export interface BuildJob {
  claimed: ClaimedBuild;
  recipe: Recipe;
  worker: { name: string; properties: Recipe['properties'] };
  builddir: string;
}

export class BuildRunner {
  readonly #deps: BuildRunnerDeps;
  readonly #job: BuildJob;
  #state: BuildState;
  #step: RunningStep | null = null;
  #lossReason: string | null = null;
  #isAbandoned = false;

  constructor(deps: BuildRunnerDeps, job: BuildJob) {
    this.#deps = deps;
    this.#job = job;
    this.#state = newBuild(job.recipe.steps.map(({ rules }) => rules));
  }

  get buildId(): number {
    return this.#job.claimed.build.buildId;
  }

  get workerId(): number {
    return this.#job.claimed.build.workerId;
  }

  /** Resolves when the build has its end in the store, or was abandoned. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      await this.#breakDown(error);
    }
  }

  /** End it as somebody wants. The order is durable already. */
  stop(order: StopOrder): void {
    for (const effect of this.#feed({ type: 'stop', order })) {
      if (effect.type === 'stop-step')
        this.#step?.interrupt({ kind: 'stopped', reason: cancelledText(order) });
    }
  }

  /** Its worker is given up. */
  lose(reason: string): void {
    this.#lossReason ??= reason;
    this.#step?.interrupt({ kind: 'lost', reason });
  }

  /** Leave it unfinished in the store: the master stops. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#step?.interrupt({ kind: 'abandoned' });
  }

  async #run(): Promise<void> {
    const scope = await this.#begin();
    let effects = this.#feed({ type: 'begin' });
    while (!this.#isAbandoned) {
      const [effect] = effects;
      if (effect?.type === 'finish') return await this.#finish(effect.end);
      const event = effect?.type === 'start-step' ? await this.#runStep(scope, effect.index) : null;
      if (event === null) return;
      effects = this.#feed(event);
    }
  }

  async #begin(): Promise<BuildScope> {
    const { claimed, recipe, worker, builddir } = this.#job;
    const { build, buildSet } = claimed;
    const properties = initialProperties({ build, buildSet, builder: recipe, worker, builddir });
    const { store } = this.#deps;
    await store.setBuildProperties(build.buildId, properties);
    // An order that was written between the claim and now found no runner to tell.
    const stop = (await store.build(build.buildId))?.stop ?? null;
    if (stop !== null) this.stop(stop);
    const env = Object.entries(recipe.env).map(([name, value]) => [name, interpolate(value, properties)]);
    const { buildId, attempt, workerId } = build;
    const { sourceStamps } = buildSet;
    return { buildId, attempt, workerId, builddir, sourceStamps, env: Object.fromEntries(env), properties };
  }

  /** What came of the step; `null` when the build is not this process's any more. */
  async #runStep(scope: BuildScope, number: number): Promise<BuildEvent | null> {
    const planned = this.#job.recipe.steps[number];
    if (planned === undefined) return null;
    const onRunning = (step: RunningStep): void => {
      this.#step = step;
      this.#catchUp(step);
    };
    const ending = await runStep(this.#deps, scope, { number, planned, onRunning });
    this.#step = null;
    switch (ending.kind) {
      case 'ended':
        return { type: 'step-ended', results: ending.results };
      case 'lost':
        return { type: 'lost', reason: `worker ${this.#job.worker.name}: ${ending.reason}` };
      case 'left':
        return null;
    }
  }

  /** An order that came while the step was being made must not be lost on it; tidying steps run in spite of it. */
  #catchUp(step: RunningStep): void {
    if (this.#isAbandoned) step.interrupt({ kind: 'abandoned' });
    if (this.#lossReason !== null) step.interrupt({ kind: 'lost', reason: this.#lossReason });
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
    const { store, clock, retry } = this.#deps;
    const { buildId } = this;
    if (end.kind === 'verdict') {
      const { results, stateString } = end;
      await store.finishBuild({ buildId, results, stateString, request: { kind: 'complete' } });
      return;
    }
    const { attempt } = this.#job.claimed.build;
    const now = clock.now();
    const decision = decideRetry(retry, attempt, now);
    const stateString = retryText(end.reason, retry, attempt, decision, now);
    await store.finishBuild(
      decision.kind === 'give-up'
        ? { buildId, results: EXCEPTION, stateString, request: { kind: 'complete' } }
        : { buildId, results: RETRY, stateString, request: { kind: 'retry', notBefore: decision.notBefore } },
    );
  }

  /** A bug of ours, or a store that fails: the build must not look as if it ran for ever. */
  async #breakDown(error: unknown): Promise<void> {
    const { store, logger } = this.#deps;
    const { buildId } = this;
    logger.error({ err: error, buildId }, 'a build could not be run');
    this.#step?.interrupt({ kind: 'lost', reason: 'the master failed' });
    const results = this.#state.order === null ? EXCEPTION : CANCELLED;
    const stateString = `the master failed: ${messageOf(error)}`;
    await store
      .finishBuild({ buildId, results, stateString, request: { kind: 'complete' } })
      .catch((again: unknown) =>
        logger.error({ err: again, buildId }, 'its end could not be written either'),
      );
  }
}
