/** What is asked for: build sets with their requests, try jobs, repeats. */
import { BugError, type BuildSet, type Results, worstOf } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { AddedBuildSet, NewBuildSet, NewTryJob, Once, TryJobIntake } from '../../ports/records.ts';
import { noEarlierThan } from '../moments.ts';
import { buildSetProperties, completeBuildSet, sourceStampsOf } from '../reading.ts';
import { propertyRows } from '../rows.ts';
import type { Tables } from '../tables.ts';
import { tellBuildSet, tellRequest } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { type PreparedStamp, sourceStamp } from './sources.ts';

export type PreparedBuildSet = Omit<NewBuildSet, 'sourceStamps'> & { sourceStamps: PreparedStamp[] };

/** Rows per statement. */
const BATCH = 100;

export async function addBuildSet(
  context: WriteContext,
  set: PreparedBuildSet,
  once: Once | null = null,
): Promise<AddedBuildSet> {
  const stamps = [];
  for (const stamp of set.sourceStamps) stamps.push(await sourceStamp(context, stamp));
  const { sourceStamps: _stamps, properties, builderIds, priority, ...described } = set;
  const row = await context.db
    .insertInto('buildSets')
    .values({
      ...{ ...described, submittedAt: context.now, completeAt: null, results: null },
      ...{ onceKey: once?.key ?? null, onceDigest: once?.digest ?? null },
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const { buildSetId } = row;
  for (const [position, { sourceStampId }] of stamps.entries()) {
    const values = { buildSetId, position, sourceStampId };
    await context.db.insertInto('buildSetSourceStamps').values(values).execute();
  }
  const named = propertyRows(properties).map((property) => ({ buildSetId, ...property }));
  for (let from = 0; from < named.length; from += BATCH) {
    await context.db
      .insertInto('buildSetProperties')
      .values(named.slice(from, from + BATCH))
      .execute();
  }
  const added: BuildSet = { ...row, results: null, sourceStamps: stamps, properties };
  tellBuildSet(context, added, 'new');
  return { buildSetId, requests: await addRequests(context, { buildSetId, builderIds, priority }) };
}

async function addRequests(
  context: WriteContext,
  input: { buildSetId: number; builderIds: number[]; priority: number },
): Promise<AddedBuildSet['requests']> {
  const requests: AddedBuildSet['requests'] = [];
  for (const builderId of input.builderIds) {
    const row = await context.db
      .insertInto('buildRequests')
      .values({
        buildSetId: input.buildSetId,
        builderId,
        priority: input.priority,
        state: 'pending',
        submittedAt: context.now,
        attempts: 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    tellRequest(context, row, 'new');
    requests.push({ requestId: row.requestId, builderId });
  }
  // A set that asks for nothing is complete at once, or it would wait for ever.
  if (requests.length === 0) await settleBuildSet(context, input.buildSetId);
  return requests;
}

/** Complete a build set if all of its requests are; its result is the worst of theirs. */
export async function settleBuildSet(context: WriteContext, buildSetId: number): Promise<void> {
  const { db, now } = context;
  const requests = db.selectFrom('buildRequests').select(['results', 'completeAt']);
  const all = await requests.where('buildSetId', '=', buildSetId).execute();
  if (all.some(({ completeAt }) => completeAt === null)) return;
  const results = worstOf(all.map((request) => request.results as Results));
  const row = await db
    .updateTable('buildSets')
    .set({ completeAt: noEarlierThan(['submittedAt'], now), results })
    .where('buildSetId', '=', buildSetId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined)
    tellBuildSet(context, await completeBuildSet(db, row, { properties: false }), 'complete');
}

/** What was made for a build set, as it was answered the first time. */
async function addedBefore(db: Kysely<Tables>, buildSetId: number): Promise<AddedBuildSet> {
  const requests = db.selectFrom('buildRequests').select(['requestId', 'builderId']);
  const rows = await requests.where('buildSetId', '=', buildSetId).orderBy('requestId').execute();
  return { buildSetId, requests: rows };
}

/** What this submitter's key has made; `conflict` when it was given for another wish. */
export async function madeOnce(
  db: Kysely<Tables>,
  submitter: string,
  { key, digest }: Once,
): Promise<AddedBuildSet | 'conflict' | null> {
  const sets = db.selectFrom('buildSets').select(['buildSetId', 'onceDigest']);
  const row = await sets.where('submitter', '=', submitter).where('onceKey', '=', key).executeTakeFirst();
  if (row === undefined) return null;
  return row.onceDigest === digest ? await addedBefore(db, row.buildSetId) : 'conflict';
}

export async function addBuildSetOnce(
  context: WriteContext,
  set: PreparedBuildSet,
  once: Once,
): Promise<AddedBuildSet | 'conflict'> {
  const { submitter } = set;
  if (submitter === null) throw new BugError('a wish that is met once has somebody who wished');
  return (await madeOnce(context.db, submitter, once)) ?? (await addBuildSet(context, set, once));
}

/** Take a try job in once: the job's row and its build set are one transaction. */
export async function acceptTryJob(
  context: WriteContext,
  job: NewTryJob,
  set: PreparedBuildSet,
): Promise<TryJobIntake> {
  const jobs = context.db.selectFrom('tryJobs').selectAll();
  const known = await jobs.where('jobId', '=', job.jobId).executeTakeFirst();
  if (known !== undefined) {
    if (known.sha256 !== job.sha256) return { status: 'conflict' };
    if (known.state === 'refused') return { status: 'refused-before', reason: known.reason ?? '' };
    if (known.buildSetId === null)
      throw new BugError(`try job ${job.jobId} was accepted without a build set`);
    return { status: 'repeat', added: await addedBefore(context.db, known.buildSetId) };
  }
  const added = await addBuildSet(context, set);
  const outcome = { state: 'accepted', reason: null, buildSetId: added.buildSetId, receivedAt: context.now };
  await context.db
    .insertInto('tryJobs')
    .values({ ...job, ...outcome })
    .execute();
  return { status: 'added', added };
}

/** Keep why a job was refused. What is known of its id already stays. */
export async function refuseTryJob(context: WriteContext, job: NewTryJob, reason: string): Promise<void> {
  const outcome = { state: 'refused', reason, buildSetId: null, receivedAt: context.now };
  const insert = context.db.insertInto('tryJobs').values({ ...job, ...outcome });
  await insert.onConflict((conflict) => conflict.column('jobId').doNothing()).execute();
}

/** Ask for a build again: same source stamps, properties, builder and priority. */
export async function rebuild(
  context: WriteContext,
  buildId: number,
  by: string,
  once: Once | null = null,
): Promise<AddedBuildSet | 'conflict' | null> {
  const { db } = context;
  const made = once && (await madeOnce(db, by, once));
  if (made !== null) return made;
  const old = await db
    .selectFrom('builds')
    .innerJoin('buildRequests', 'buildRequests.requestId', 'builds.requestId')
    .innerJoin('buildSets', 'buildSets.buildSetId', 'buildRequests.buildSetId')
    .innerJoin('builders', 'builders.builderId', 'builds.builderId')
    .select(['buildSets.buildSetId', 'buildSets.scheduler', 'buildRequests.priority'])
    .select(['builds.builderId', 'builds.number', 'builders.name'])
    .where('builds.buildId', '=', buildId)
    .executeTakeFirst();
  if (old === undefined) return null;
  const stamps = await sourceStampsOf(db, [old.buildSetId]);
  const again: PreparedBuildSet = {
    externalId: null,
    reason: `rebuild of ${old.name}/${old.number} by ${by}`,
    submitter: by,
    scheduler: old.scheduler,
    sourceStamps: stamps.get(old.buildSetId) ?? [],
    properties: await buildSetProperties(db, old.buildSetId),
    builderIds: [old.builderId],
    priority: old.priority,
    rebuiltBuildId: buildId,
  };
  return await addBuildSet(context, again, once);
}
