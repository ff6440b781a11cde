/**
 * Forget what is old, a batch at a time so that nobody waits long. Rows go first, in one transaction with a note of
 * the files that nobody needs any more; the files go after the commit, and the note with them. A crash in between
 * leaves the note, and the next round removes the file.
 */
import { type Kysely, sql } from 'kysely';
import type { RetentionLimits } from '../ports/records.ts';
import type { LogFiles } from './logs/log-files.ts';
import type { PatchFiles } from './patch-files.ts';
import type { Tables } from './tables.ts';
import { forgetCredentials } from './verbs/credentials.ts';
import type { WriteContext, WriteQueue } from './write-queue.ts';

type Db = Kysely<Tables>;

/** Tables whose rows go with their build, those that refer to others first. */
const OF_BUILDS = [
  'testResults',
  'testResultSets',
  'logs',
  'steps',
  'commands',
  'buildProperties',
  'builds',
] as const;

/** Events that go in one round, at most. */
const EVENT_BATCH = 2000;

export interface CleanUpDeps {
  reader: Db;
  queue: WriteQueue;
  logs: LogFiles;
  patches: PatchFiles;
}

export async function cleanUp(
  deps: CleanUpDeps,
  limits: RetentionLimits,
): Promise<{ builds: number; logs: number; events: number }> {
  const { buildsBefore, logsBefore, eventsBefore, sessionsBefore, batch } = limits;
  const { queue } = deps;
  const counts = { builds: 0, logs: 0, events: 0 };
  if (buildsBefore !== null)
    counts.builds = await queue.run((context) => forgetBuilds(context, buildsBefore, batch));
  if (logsBefore !== null) counts.logs = await queue.run((context) => forgetLogs(context, logsBefore, batch));
  if (eventsBefore !== null)
    counts.events = await queue.run((context) => forgetEvents(context, eventsBefore));
  if (sessionsBefore !== null) {
    await queue.run((context) => forgetSessions(context, sessionsBefore));
    await queue.run((context) => forgetCredentials(context, sessionsBefore));
  }
  await removeDoomedFiles(deps);
  return counts;
}

/** Forget processes of workers that were replaced so long ago that none of them comes back. */
async function forgetSessions({ db }: WriteContext, before: number): Promise<void> {
  await db.deleteFrom('workerSessions').where('endedAt', '<', before).execute();
}

/** Remove finished builds with all that hangs on them. Those of a request that still goes on stay. */
async function forgetBuilds({ db }: WriteContext, before: number, batch: number): Promise<number> {
  const builds = await db
    .selectFrom('builds')
    .innerJoin('buildRequests', 'buildRequests.requestId', 'builds.requestId')
    .select(['builds.buildId', 'builds.requestId', 'builds.logBytes', 'buildRequests.buildSetId'])
    .where('builds.completeAt', '<', before)
    .where('buildRequests.state', '=', 'complete')
    .orderBy('builds.completeAt')
    .limit(batch)
    .execute();
  for (const { buildId, logBytes } of builds) {
    for (const table of OF_BUILDS) {
      await db.deleteFrom(table).where('buildId', '=', buildId).execute();
    }
    if (logBytes > 0) await doom(db, 'log', String(buildId));
  }
  const sets = new Set(builds.map(({ buildSetId }) => buildSetId));
  for (const requestId of await cancelledLongAgo(db, before, batch, sets)) await forgetRequest(db, requestId);
  for (const requestId of new Set(builds.map((build) => build.requestId))) await forgetRequest(db, requestId);
  for (const buildSetId of sets) await forgetBuildSet(db, buildSetId);
  await db.deleteFrom('tryJobs').where('state', '=', 'refused').where('receivedAt', '<', before).execute();
  return builds.length;
}

/** Requests that ended without any build; their build sets are added to `sets`. */
async function cancelledLongAgo(db: Db, before: number, batch: number, sets: Set<number>): Promise<number[]> {
  const requests = await db
    .selectFrom('buildRequests')
    .select(['requestId', 'buildSetId'])
    .where('completeAt', '<', before)
    .where('attempts', '=', sql.lit(0))
    .orderBy('completeAt')
    .limit(batch)
    .execute();
  for (const { buildSetId } of requests) sets.add(buildSetId);
  return requests.map(({ requestId }) => requestId);
}

async function forgetRequest(db: Db, requestId: number): Promise<void> {
  const left = db.selectFrom('builds').select('buildId').where('requestId', '=', requestId).limit(1);
  if ((await left.execute()).length > 0) return;
  await db.deleteFrom('buildRequests').where('requestId', '=', requestId).execute();
}

/** Remove a build set that has no requests any more, with its source stamps as far as nobody else has them. */
async function forgetBuildSet(db: Db, buildSetId: number): Promise<void> {
  const left = db
    .selectFrom('buildRequests')
    .select('requestId')
    .where('buildSetId', '=', buildSetId)
    .limit(1);
  if ((await left.execute()).length > 0) return;
  const stamps = db
    .selectFrom('buildSetSourceStamps')
    .select('sourceStampId')
    .where('buildSetId', '=', buildSetId);
  const stampIds = (await stamps.execute()).map(({ sourceStampId }) => sourceStampId);
  for (const table of ['buildSetSourceStamps', 'buildSetProperties', 'tryJobs', 'buildSets'] as const) {
    await db.deleteFrom(table).where('buildSetId', '=', buildSetId).execute();
  }
  for (const sourceStampId of stampIds) await forgetSourceStamp(db, sourceStampId);
}

async function forgetSourceStamp(db: Db, sourceStampId: number): Promise<void> {
  for (const table of ['buildSetSourceStamps', 'changes'] as const) {
    const users = db
      .selectFrom(table)
      .select('sourceStampId')
      .where('sourceStampId', '=', sourceStampId)
      .limit(1);
    if ((await users.execute()).length > 0) return;
  }
  const deleted = db.deleteFrom('sourceStamps').where('sourceStampId', '=', sourceStampId);
  const stamp = await deleted.returning('patchId').executeTakeFirst();
  if (stamp === undefined || stamp.patchId === null) return;
  const patch = db.deleteFrom('patches').where('patchId', '=', stamp.patchId).returning('sha256');
  await doom(db, 'patch', (await patch.executeTakeFirstOrThrow()).sha256);
}

/** Remove the logs of old builds; their rows stay as logs of type `d`. */
async function forgetLogs({ db }: WriteContext, before: number, batch: number): Promise<number> {
  const builds = await db
    .selectFrom('builds')
    .select('buildId')
    .where('completeAt', '<', before)
    .where('logBytes', '>', sql.lit(0))
    .orderBy('completeAt')
    .limit(batch)
    .execute();
  let count = 0;
  for (const { buildId } of builds) {
    const gone = db.updateTable('logs').set({ type: 'd', bytes: 0, lines: 0 }).where('buildId', '=', buildId);
    count += Number((await gone.executeTakeFirst()).numUpdatedRows);
    await db.updateTable('builds').set({ logBytes: 0 }).where('buildId', '=', buildId).execute();
    await doom(db, 'log', String(buildId));
  }
  return count;
}

/**
 * Remove events from the oldest on up to the first that is young enough, so that what is kept has no gaps, whatever
 * the clock did. The newest one always stays: it keeps the numbering.
 */
async function forgetEvents({ db }: WriteContext, before: number): Promise<number> {
  const events = db
    .selectFrom('events')
    .select(['number', 'at'])
    .orderBy('number')
    .limit(EVENT_BATCH + 1);
  const oldest = await events.execute();
  const young = oldest.findIndex(({ at }) => at >= before);
  const keep = oldest[young >= 0 ? young : oldest.length - 1];
  if (keep === undefined) return 0;
  const gone = await db.deleteFrom('events').where('number', '<', keep.number).executeTakeFirst();
  return Number(gone.numDeletedRows);
}

async function doom(db: Db, kind: 'log' | 'patch', name: string): Promise<void> {
  const insert = db.insertInto('doomedFiles').values({ kind, name });
  await insert.onConflict((conflict) => conflict.doNothing()).execute();
}

/** Remove files that were noted, by this round or by one that a crash cut off. */
async function removeDoomedFiles(deps: CleanUpDeps): Promise<void> {
  for (const { kind, name } of await deps.reader.selectFrom('doomedFiles').selectAll().execute()) {
    if (kind === 'log') await deps.logs.remove(Number(name));
    await deps.queue.run(async ({ db }) => {
      if (kind === 'patch') await removePatch(deps.patches, db, name);
      await db.deleteFrom('doomedFiles').where('kind', '=', kind).where('name', '=', name).execute();
    });
  }
}

/** In the write queue, where no row that names the file can come in between the look and the removal. */
async function removePatch(patches: PatchFiles, db: Db, sha256: string): Promise<void> {
  const rows = await db
    .selectFrom('patches')
    .select('patchId')
    .where('sha256', '=', sha256)
    .limit(1)
    .execute();
  if (rows.length === 0 && !patches.isHeld(sha256)) patches.remove(sha256);
}
