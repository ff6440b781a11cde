/** The configuration in force, as the parts of the master use it: with the ids that the store gave to its names. */
import type { MasterConfig, TrySchedulerConfig } from '@buildbot/shared';
import type { ForceForm } from '../api/api.ts';
import { eligibleWorkers, recipesOf } from '../builds/recipes.ts';
import type { Recipes } from '../ports/recipe.ts';
import type { Inventory, Registered } from '../ports/records.ts';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { WorkerAccount } from '../workers/worker-sessions.ts';

/** A try scheduler with the plan of what it starts. */
export interface TryPlan {
  config: TrySchedulerConfig;
  plan: SchedulerPlan;
}

/** Never changed; another configuration makes another one. */
export interface InForce {
  /** With the passwords of workers that stand in files. */
  config: MasterConfig;
  recipes: Recipes;
  schedulers: readonly SchedulerPlan[];
  tries: readonly TryPlan[];
  forceForms: readonly ForceForm[];
  accounts: readonly WorkerAccount[];
}

/** What the store must know of a configuration. */
export function inventoryOf(config: MasterConfig): Inventory {
  return {
    builders: config.builders.map(({ name, description = null, tags }) => ({ name, description, tags })),
    workers: config.workers.map(({ name, maxBuilds, tags }) => ({ name, maxBuilds, tags })),
    schedulers: config.schedulers.map(({ name, type }) => ({ name, type })),
    eligible: config.builders.flatMap((builder) =>
      eligibleWorkers(builder, config.workers).map((worker): [string, string] => [builder.name, worker]),
    ),
  };
}

/** `config` has its passwords, and `registered` is the store's answer to its inventory. */
export function inForceOf(config: MasterConfig, registered: Registered): InForce {
  const schedulers = schedulerPlans(config, registered);
  return {
    config,
    recipes: recipesOf(config, registered),
    schedulers,
    tries: triesOf(config, schedulers),
    forceForms: schedulers
      .filter(({ type }) => type === 'force')
      .map(({ name, builders }) => ({ name, builders: builders.map((builder) => builder.name) })),
    accounts: accountsOf(config, registered),
  };
}

function schedulerPlans(config: MasterConfig, registered: Registered): SchedulerPlan[] {
  const builderIds = new Map(registered.builders.map(({ name, builderId }) => [name, builderId]));
  const schedulerIds = new Map(registered.schedulers.map(({ name, schedulerId }) => [name, schedulerId]));
  return config.schedulers.map(({ name, type, builders, properties, priority, maxPriority }) => ({
    schedulerId: schedulerIds.get(name) as number,
    name,
    type,
    builders: builders.map((builder) => ({ name: builder, builderId: builderIds.get(builder) as number })),
    properties,
    priority,
    maxPriority: maxPriority ?? priority,
  }));
}

function triesOf({ schedulers }: MasterConfig, plans: readonly SchedulerPlan[]): TryPlan[] {
  return schedulers
    .filter((scheduler) => scheduler.type === 'try')
    .map((config) => ({ config, plan: plans.find(({ name }) => name === config.name) as SchedulerPlan }));
}

/** Names and passwords of the workers that may connect. */
function accountsOf({ workers }: MasterConfig, registered: Registered): WorkerAccount[] {
  const ids = new Map(registered.workers.map(({ name, workerId }) => [name, workerId]));
  return workers.map(({ name, password }) => ({
    workerId: ids.get(name) as number,
    name,
    password: password as string,
  }));
}
