/** What happens to a build between its claim and its end. A finished build takes nothing any more. */
import { buildPropertiesEventPaths, type Properties, type Results, type StopOrder } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';
import { findBuild } from '../reading.ts';
import { propertyRows, toBuild, toLog, toStep } from '../rows.ts';
import { tellBuild, tellLog, tellStep } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { endAttempt } from './queue.ts';

/** The fence of every write on behalf of a build. */
export async function isRunning({ db }: WriteContext, buildId: number): Promise<boolean> {
  const builds = db.selectFrom('builds').select('completeAt').where('buildId', '=', buildId);
  return (await builds.executeTakeFirst())?.completeAt === null;
}

export async function setBuildState(
  context: WriteContext,
  buildId: number,
  stateString: string,
): Promise<boolean> {
  const row = await context.db
    .updateTable('builds')
    .set({ stateString })
    .where('buildId', '=', buildId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return false;
  tellBuild(context, toBuild(row), 'update');
  return true;
}

export async function orderStop(
  context: WriteContext,
  buildId: number,
  order: StopOrder,
): Promise<'ordered' | 'complete' | 'unknown'> {
  const row = await context.db
    .updateTable('builds')
    .set({ stopBy: order.by, stopReason: order.reason, stopAt: order.at })
    .where('buildId', '=', buildId)
    .where('completeAt', 'is', null)
    .where('stopAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) {
    tellBuild(context, toBuild(row), 'update');
    return 'ordered';
  }
  const build = await findBuild(context.db, buildId);
  if (build === null) return 'unknown';
  return build.completeAt === null ? 'ordered' : 'complete';
}

/** Set properties of a running build; a later value wins. Only those given are told. */
export async function setBuildProperties(
  context: WriteContext,
  buildId: number,
  properties: Properties,
): Promise<boolean> {
  if (!(await isRunning(context, buildId))) return false;
  for (const { name, value, source } of propertyRows(properties)) {
    await context.db
      .insertInto('buildProperties')
      .values({ buildId, name, value, source })
      .onConflict((conflict) => conflict.columns(['buildId', 'name']).doUpdateSet({ value, source }))
      .execute();
  }
  if (Object.keys(properties).length > 0) context.emit(buildPropertiesEventPaths(buildId), properties);
  return true;
}

/** Logs that end with their build: their ids with the final number of lines. */
export type FinalLines = ReadonlyMap<number, number>;

export async function finishBuild(
  context: WriteContext,
  input: Parameters<Store['finishBuild']>[0],
  finalLines: FinalLines,
): Promise<boolean> {
  const { buildId, results, stateString } = input;
  if (!(await isRunning(context, buildId))) return false;
  await finishLogs(context, buildId, finalLines);
  await finishSteps(context, buildId, results);
  const row = await context.db
    .updateTable('builds')
    .set({ completeAt: context.now, results, stateString })
    .where('buildId', '=', buildId)
    .returningAll()
    .executeTakeFirstOrThrow();
  tellBuild(context, toBuild(row), 'finished');
  await endAttempt(context, row, results, input.request);
  return true;
}

async function finishLogs(context: WriteContext, buildId: number, finalLines: FinalLines): Promise<void> {
  const { db } = context;
  const open = db.selectFrom('logs').select(['logId', 'lines']).where('buildId', '=', buildId);
  for (const { logId, lines } of await open.where('complete', '=', 0).orderBy('logId').execute()) {
    const final = { complete: 1 as const, lines: finalLines.get(logId) ?? lines };
    const update = db.updateTable('logs').set(final).where('logId', '=', logId);
    tellLog(context, toLog(await update.returningAll().executeTakeFirstOrThrow()), 'finished');
  }
}

/** A step that the end of the build cut off has the build's result. */
async function finishSteps(context: WriteContext, buildId: number, results: Results): Promise<void> {
  const rows = await context.db
    .updateTable('steps')
    .set({ completeAt: context.now, results })
    .where('buildId', '=', buildId)
    .where('completeAt', 'is', null)
    .returningAll()
    .execute();
  for (const row of rows.sort((a, b) => a.number - b.number)) tellStep(context, toStep(row), 'finished');
}
