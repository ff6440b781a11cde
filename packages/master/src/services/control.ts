/** Everything that people may ask of a running master. The intent is durable before anything is done about it. */
import {
  propertyNameSchema,
  propertyValueSchema,
  RESERVED_PROPERTIES,
  type StopOrder,
  UserError,
} from '@buildbot/shared';
import * as z from 'zod';
import { fromSource, mergeProperties } from '../core/properties.ts';
import type {
  AvailabilityOrder,
  Control,
  ForceInput,
  Reconfigured,
  Refusal,
  WorkerVerb,
} from '../ports/control.ts';
import type { AddedBuildSet, NewBuildSet, Once } from '../ports/records.ts';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { Clock } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { priorityProblem } from './priority-limit.ts';
import type { RunningBuilds } from './running-builds.ts';
import { schedulerRow } from './scheduler-row.ts';

const valuesSchema = z.record(propertyNameSchema, propertyValueSchema);

export interface ControlDeps {
  store: Store;
  clock: Clock;
  running: RunningBuilds;
  /** Schedulers of the configuration in force now. */
  schedulers: () => readonly SchedulerPlan[];
  stopMaster: (options: { graceful: boolean }) => void;
  /** Left out: this master has no configuration file. */
  reconfigure?: () => Promise<Reconfigured | Refusal>;
}

export class MasterControl implements Control {
  readonly #deps: ControlDeps;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
  }

  async stopBuild(buildId: number, by: string, reason: string): Promise<void> {
    const order = this.#order(by, reason);
    const ordered = await this.#deps.store.orderStop(buildId, order);
    if (ordered === 'unknown') throw new UserError(`there is no build ${buildId}`);
    if (ordered === 'ordered') this.#deps.running.stopBuild(buildId, order);
  }

  async cancelRequest(requestId: number, by: string, reason: string): Promise<void> {
    const { store } = this.#deps;
    const cancelled = await store.cancelRequest(requestId, this.#order(by, reason));
    if (cancelled === 'unknown') throw new UserError(`there is no build request ${requestId}`);
    if (cancelled !== 'claimed') return;
    // Whichever way its build ends from here on, the store does not let the request come back.
    const build = await store.buildOfRequest(requestId);
    if (build !== null) await this.stopBuild(build.buildId, by, reason);
  }

  async setPriority(requestId: number, priority: number): Promise<void> {
    if (await this.#deps.store.setPriority(requestId, priority)) return;
    throw new UserError(`build request ${requestId} is not waiting any more, or never was`);
  }

  async unshelve(requestId: number): Promise<void> {
    const unshelved = await this.#deps.store.unshelve(requestId);
    if (unshelved === 'unknown') throw new UserError(`there is no build request ${requestId}`);
  }

  async rebuild(buildId: number, by: string, once: Once | null = null): Promise<AddedBuildSet | Refusal> {
    const made = await this.#deps.store.rebuild(buildId, by, once);
    return made === null ? { refused: `there is no build ${buildId}` } : madeOf(made);
  }

  /** A repeat is answered as the first time was, whatever the scheduler takes by now. */
  async force(
    scheduler: string,
    input: ForceInput,
    by: string,
    once: Once | null = null,
  ): Promise<AddedBuildSet | Refusal> {
    const { store } = this.#deps;
    const before = once && (await store.madeOnce(by, once));
    if (before !== null) return madeOf(before);
    const planned = await this.#forcedSet(scheduler, input, by);
    if ('refused' in planned) return planned;
    return madeOf(await (once === null ? store.addBuildSet(planned) : store.addBuildSetOnce(planned, once)));
  }

  async #forcedSet(scheduler: string, input: ForceInput, by: string): Promise<NewBuildSet | Refusal> {
    const plan = this.#deps.schedulers().find(({ name, type }) => name === scheduler && type === 'force');
    if (plan === undefined) return { refused: `there is no force scheduler '${scheduler}'` };
    const row = await schedulerRow(this.#deps.store, plan.schedulerId);
    if (row?.enabled !== true) return { refused: `the scheduler '${scheduler}' is switched off` };
    const strangers = input.builderIds.filter(
      (id) => !plan.builders.some(({ builderId }) => builderId === id),
    );
    if (strangers.length > 0)
      return { refused: `the scheduler '${scheduler}' has no builder ${strangers.join(', ')}` };
    const problem = priorityProblem(plan, input.priority) ?? propertyProblem(input.properties);
    if (problem !== null) return { refused: problem };
    return forcedSet({ plan, input, by });
  }

  async setSchedulerEnabled(schedulerId: number, enabled: boolean): Promise<void> {
    await this.#deps.store.setSchedulerEnabled(schedulerId, enabled);
  }

  async controlWorker(workerId: number, verb: WorkerVerb, reason: string): Promise<void> {
    const { store, running } = this.#deps;
    switch (verb) {
      case 'pause':
        return await store.setWorkerState(workerId, { paused: true });
      case 'unpause':
        return await store.setWorkerState(workerId, { paused: false, graceful: false });
      case 'stop':
        return await store.setWorkerState(workerId, { graceful: true });
      case 'trust':
        return await store.trustWorker(workerId, { forget: true });
      case 'kill':
        await store.setWorkerState(workerId, { graceful: true });
        running.withdrawBuildsFrom(workerId, reason === '' ? 'it was taken out of service' : reason);
    }
  }

  async setWorkerAvailability(workerId: number, order: AvailabilityOrder, by: string): Promise<void> {
    const { availability, reason, forMs } = order;
    const at = this.#deps.clock.now();
    const admin = { availability, reason, by, at, until: forMs === null ? null : at + forMs };
    await this.#deps.store.setWorkerState(workerId, { admin });
  }

  async reconfigure(): Promise<Reconfigured | Refusal> {
    return (await this.#deps.reconfigure?.()) ?? { refused: 'this master has no configuration file' };
  }

  async stopMaster(options: { graceful: boolean }): Promise<void> {
    this.#deps.stopMaster(options);
  }

  #order(by: string, reason: string): StopOrder {
    return { by, reason, at: this.#deps.clock.now() };
  }
}

function madeOf(made: AddedBuildSet | 'conflict'): AddedBuildSet | Refusal {
  if (made !== 'conflict') return made;
  return { refused: 'this idempotency_key was given for something else before', isConflict: true };
}

/** What a person may set: names and values that are sound, and nothing that describes the build itself. */
function propertyProblem(given: Record<string, unknown>): string | null {
  const reserved = Object.keys(given).find((name) => RESERVED_PROPERTIES.has(name));
  if (reserved !== undefined) return `the property '${reserved}' is set by the build and cannot be given`;
  const parsed = valuesSchema.safeParse(given);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  return `bad property ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
}

function forcedSet(force: { plan: SchedulerPlan; input: ForceInput; by: string }): NewBuildSet {
  const { plan, input, by } = force;
  const properties = valuesSchema.parse(input.properties);
  const { branch, revision, repository, project } = input;
  const all = plan.builders.map(({ builderId }) => builderId);
  return {
    externalId: null,
    reason: input.reason === '' ? `forced by ${by}` : `forced by ${by}: ${input.reason}`,
    submitter: by,
    scheduler: plan.name,
    sourceStamps: [{ codebase: '', repository, project, branch, revision, patch: null }],
    properties: mergeProperties(
      fromSource(plan.properties, 'Scheduler'),
      fromSource(properties, 'Force Build Form'),
      fromSource({ owner: by }, 'Force Build Form'),
    ),
    builderIds: input.builderIds.length > 0 ? [...new Set(input.builderIds)] : all,
    priority: input.priority ?? plan.priority,
    rebuiltBuildId: null,
  };
}
