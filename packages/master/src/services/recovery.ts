/**
 * What a master that was stopped or killed left unfinished: builds that go on where they are, by the recipe of now. One
 * that has nothing to go on with goes back to the queue, alone: the others are none the worse for it.
 */
import { CANCELLED } from '@buildbot/shared';
import { begunAnew, withVerdict } from '../core/attempt-end.ts';
import { cancelledText } from '../core/flow.ts';
import type { Recipes } from '../ports/recipe.ts';
import type { UnfinishedBuild } from '../ports/records.ts';
import type { Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { WorkerPool } from '../ports/workers.ts';
import type { BuildJob } from './build-runner.ts';

export interface RecoveryDeps {
  store: Store;
  logger: Logger;
  masterId: number;
  pool: Pick<WorkerPool, 'keep'>;
  recipes: () => Recipes;
}

/** The jobs of all unfinished builds. Must run before any build of this master starts. */
export async function takeUpBuilds(
  { store, logger, masterId, pool, recipes }: RecoveryDeps,
  workerName: (workerId: number) => string,
): Promise<BuildJob[]> {
  const jobs: BuildJob[] = [];
  for (const past of await store.takeUpBuilds(masterId)) {
    const { builderId, workerId } = past.build;
    pool.keep({ workerId, name: workerName(workerId), bootId: past.bootId });
    const recipe = recipes().of(builderId);
    if (recipe === undefined) {
      await putBack(store, past, 'its builder was taken out of the configuration while the master was away');
      continue;
    }
    const builddir = builddirOf(past);
    if (builddir === null) {
      logger.error({ buildId: past.build.buildId }, 'an unfinished build has no folder in the database');
      await putBack(store, past, 'its folder on the worker is not known any more');
      continue;
    }
    const worker = { name: workerName(workerId), properties: recipes().workerProperties(workerId) };
    jobs.push({ claimed: past, recipe, worker, builddir, past });
  }
  if (jobs.length > 0) logger.info({ builds: jobs.length }, 'builds of the last run go on');
  return jobs;
}

/** Kept with the claim: the folder on the worker is the build's until its end. `null` when a damaged row lacks it. */
function builddirOf({ properties }: UnfinishedBuild): string | null {
  const builddir = properties.builddir?.[0];
  return typeof builddir === 'string' ? builddir : null;
}

async function putBack(store: Store, { build, request }: UnfinishedBuild, reason: string): Promise<void> {
  const order = build.stop ?? request.cancel;
  const end =
    order === null
      ? begunAnew(reason)
      : withVerdict({ results: CANCELLED, stateString: cancelledText(order) });
  await store.finishBuild({ buildId: build.buildId, ...end });
}
