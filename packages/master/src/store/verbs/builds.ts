/** What happens to a build between its claim and its end. A finished build takes nothing any more. */
import {
  type Build,
  buildPropertiesEventPaths,
  type Properties,
  type Results,
  type StopOrder,
} from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { UnfinishedBuild } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { noEarlierThan } from '../moments.ts';
import { buildProperties, claimedBuild, findBuild } from '../reading.ts';
import { flag, propertyRows, toBuild, toLog, toStep } from '../rows.ts';
import type { Tables } from '../tables.ts';
import { tellBuild, tellLog, tellStep } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { endAttempt } from './queue.ts';
import { reportWorker } from './standing.ts';

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

/** Keep what a build begins with: its properties, and the fingerprint of its recipe. */
export async function beginBuild(
  context: WriteContext,
  buildId: number,
  { recipe, properties }: Parameters<Store['beginBuild']>[1],
): Promise<Build | null> {
  const row = await context.db
    .updateTable('builds')
    .set({ recipe })
    .where('buildId', '=', buildId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await setProperties(context, buildId, properties);
  return toBuild(row);
}

/** Rows per statement: as many as a build begins with. One by one they took a third of the statements of a build. */
const PROPERTY_BATCH = 32;

/** Set properties of a build that is known to run; a later value wins. Only those given are told. */
export async function setProperties(
  context: WriteContext,
  buildId: number,
  properties: Properties,
): Promise<void> {
  const rows = propertyRows(properties).map((row) => ({ buildId, ...row }));
  for (let from = 0; from < rows.length; from += PROPERTY_BATCH) {
    await context.db
      .insertInto('buildProperties')
      .values(rows.slice(from, from + PROPERTY_BATCH))
      .onConflict((conflict) =>
        conflict.columns(['buildId', 'name']).doUpdateSet(({ ref }) => ({
          value: ref('excluded.value'),
          source: ref('excluded.source'),
        })),
      )
      .execute();
  }
  if (Object.keys(properties).length > 0) context.emit(buildPropertiesEventPaths(buildId), properties);
}

/** Take all builds that are not finished as this master's own. */
async function openBootId(db: Kysely<Tables>, workerId: number): Promise<string | null> {
  const sessions = db.selectFrom('workerSessions').select('bootId').where('workerId', '=', workerId);
  return (await sessions.where('endedAt', 'is', null).executeTakeFirst())?.bootId ?? null;
}

export async function takeUpBuilds(context: WriteContext, masterId: number): Promise<UnfinishedBuild[]> {
  const { db } = context;
  await db
    .updateTable('buildRequests')
    .set({ masterId })
    .where('state', '=', 'claimed')
    .where('masterId', '!=', masterId)
    .execute();
  const rows = await db
    .updateTable('builds')
    .set({ masterId })
    .where('completeAt', 'is', null)
    .returningAll()
    .execute();
  const builds: UnfinishedBuild[] = [];
  for (const row of rows.sort((a, b) => a.buildId - b.buildId)) {
    const { buildId, recipe } = row;
    const steps = await db.selectFrom('steps').selectAll().where('buildId', '=', buildId).execute();
    builds.push({
      ...(await claimedBuild(db, toBuild(row))),
      recipe,
      properties: await buildProperties(db, buildId),
      steps: steps.sort((a, b) => a.number - b.number).map(toStep),
      bootId: await openBootId(db, row.workerId),
    });
  }
  return builds;
}

/** Logs that end with their build: their ids with the final number of lines. */
export type FinalLines = ReadonlyMap<number, number>;

export async function finishBuild(
  context: WriteContext,
  input: Parameters<Store['finishBuild']>[0],
  finalLines: FinalLines,
): Promise<boolean> {
  const { buildId, results, stateString, infrastructure } = input;
  if (!(await isRunning(context, buildId))) return false;
  await finishLogs(context, buildId, finalLines);
  await finishSteps(context, buildId, results);
  const row = await context.db
    .updateTable('builds')
    .set({
      completeAt: noEarlierThan(['startedAt'], context.now),
      results,
      stateString,
      infrastructure: flag(infrastructure),
    })
    .where('buildId', '=', buildId)
    .returningAll()
    .executeTakeFirstOrThrow();
  tellBuild(context, toBuild(row), 'finished');
  if (input.worker !== null) await reportWorker(context, row, input.worker);
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
    .set({ completeAt: noEarlierThan(['startedAt'], context.now), results })
    .where('buildId', '=', buildId)
    .where('completeAt', 'is', null)
    .returningAll()
    .execute();
  for (const row of rows.sort((a, b) => a.number - b.number)) tellStep(context, toStep(row), 'finished');
}
