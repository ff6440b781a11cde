/** From the configuration to what the build runner runs. */
import { BugError, type Builder, type BuilderConfig, type MasterConfig, type Worker } from '@buildbot/shared';
import { uniqueNames } from '../core/flow.ts';
import type { PlannedStep, Recipe, Recipes } from '../ports/recipe.ts';
import { planStep } from './steps/registry.ts';

/** Names of the workers that may build for a builder, in the order of the configuration. */
export function eligibleWorkers(builder: BuilderConfig, workers: MasterConfig['workers']): string[] {
  const { workers: wanted } = builder;
  if (Array.isArray(wanted)) return workers.map(({ name }) => name).filter((name) => wanted.includes(name));
  return workers.filter(({ tags }) => wanted.tags.every((tag) => tags.includes(tag))).map(({ name }) => name);
}

/** A checked configuration with the ids that the store gave to its builders and workers. */
export function recipesOf(
  config: Pick<MasterConfig, 'builders' | 'workers'>,
  registered: { builders: readonly Builder[]; workers: readonly Worker[] },
): Recipes {
  const builderIds = new Map(registered.builders.map(({ name, builderId }) => [name, builderId]));
  const workerIds = new Map(registered.workers.map(({ name, workerId }) => [name, workerId]));
  const recipes = new Map<number, Recipe>();
  for (const builder of config.builders) {
    const builderId = idOf(builderIds, builder.name);
    const { name, env, properties } = builder;
    const workers = eligibleWorkers(builder, config.workers).map((worker) => idOf(workerIds, worker));
    const steps = planSteps(builder);
    recipes.set(builderId, { builderId, name, env, properties, steps, workerIds: workers });
  }
  const ofWorkers = new Map(
    config.workers.map((worker) => [idOf(workerIds, worker.name), worker.properties]),
  );
  return {
    of: (builderId) => recipes.get(builderId),
    all: () => recipes.values(),
    workerProperties: (workerId) => ofWorkers.get(workerId) ?? {},
  };
}

function planSteps(builder: BuilderConfig): PlannedStep[] {
  const steps = builder.steps.map(planStep);
  const names = uniqueNames(steps.map(({ rules }) => rules.name));
  return steps.map((step, i) => ({ ...step, rules: { ...step.rules, name: names[i] ?? step.rules.name } }));
}

function idOf(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new BugError(`"${name}" is configured but was not registered`);
  return id;
}
