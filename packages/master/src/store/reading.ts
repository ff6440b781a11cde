/** Reads of single things and of what hangs together, for verbs and for the port alike. */
import type {
  Build,
  BuildSet,
  PastBuild,
  Properties,
  Results,
  SourceStamp,
  TryJobRecord,
} from '@buildbot/shared';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { ClaimedBuild, PendingRequest } from '../ports/records.ts';
import { type Row, toBuild, toPatch, toProperties, toRequest, toSourceStamp, toTryJob } from './rows.ts';
import type { BuildSetsTable, PatchesTable, SourceStampsTable, Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** Ids per `in (…)`: engines bound the number of parameters. */
const IN_LIMIT = 500;

/** Run `read` over `ids` in portions an engine can take. */
export async function inPortions<I, R>(
  ids: readonly I[],
  read: (portion: I[]) => Promise<R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < ids.length; from += IN_LIMIT) {
    results.push(...(await read(ids.slice(from, from + IN_LIMIT))));
  }
  return results;
}

/** Rows of source stamps with their patches. */
export async function withPatches(db: Db, rows: Row<SourceStampsTable>[]): Promise<SourceStamp[]> {
  const ids = rows.flatMap(({ patchId }) => (patchId === null ? [] : [patchId]));
  const patches = await inPortions<number, Selectable<PatchesTable>>(ids, (portion) =>
    db.selectFrom('patches').selectAll().where('patchId', 'in', portion).execute(),
  );
  const byId = new Map(patches.map((patch) => [patch.patchId, toPatch(patch)]));
  return rows.map((row) => toSourceStamp(row, row.patchId === null ? null : (byId.get(row.patchId) ?? null)));
}

/** Source stamps of build sets, by build set, in their order. */
export async function sourceStampsOf(db: Db, buildSetIds: number[]): Promise<Map<number, SourceStamp[]>> {
  const rows = await inPortions(buildSetIds, (portion) =>
    db
      .selectFrom('buildSetSourceStamps')
      .innerJoin('sourceStamps', 'sourceStamps.sourceStampId', 'buildSetSourceStamps.sourceStampId')
      .selectAll('sourceStamps')
      .select('buildSetSourceStamps.buildSetId')
      .where('buildSetSourceStamps.buildSetId', 'in', portion)
      .orderBy('buildSetSourceStamps.buildSetId')
      .orderBy('buildSetSourceStamps.position')
      .execute(),
  );
  const stamps = await withPatches(db, rows);
  const bySet = new Map<number, SourceStamp[]>();
  for (const [i, { buildSetId }] of rows.entries()) {
    bySet.set(buildSetId, [...(bySet.get(buildSetId) ?? []), stamps[i] as SourceStamp]);
  }
  return bySet;
}

export async function buildSetProperties(db: Db, buildSetId: number): Promise<Properties> {
  const query = db.selectFrom('buildSetProperties').select(['name', 'value', 'source']);
  return toProperties(await query.where('buildSetId', '=', buildSetId).execute());
}

export async function buildProperties(db: Db, buildId: number): Promise<Properties> {
  const query = db.selectFrom('buildProperties').select(['name', 'value', 'source']);
  return toProperties(await query.where('buildId', '=', buildId).execute());
}

/** A build set's row with all that belongs to it. `properties` false leaves them empty, for events and lists. */
export async function completeBuildSet(
  db: Db,
  row: Row<BuildSetsTable>,
  options: { properties: boolean },
): Promise<BuildSet> {
  const stamps = await sourceStampsOf(db, [row.buildSetId]);
  return {
    ...row,
    results: row.results as Results | null,
    sourceStamps: stamps.get(row.buildSetId) ?? [],
    properties: options.properties ? await buildSetProperties(db, row.buildSetId) : {},
  };
}

/** `null`: no such build set. */
export async function findBuildSetProperties(db: Db, buildSetId: number): Promise<Properties | null> {
  const sets = db.selectFrom('buildSets').select('buildSetId').where('buildSetId', '=', buildSetId);
  const isThere = (await sets.executeTakeFirst()) !== undefined;
  return isThere ? await buildSetProperties(db, buildSetId) : null;
}

export async function findTryJob(db: Db, jobId: string): Promise<TryJobRecord | null> {
  const row = await db.selectFrom('tryJobs').selectAll().where('jobId', '=', jobId).executeTakeFirst();
  return row === undefined ? null : toTryJob(row);
}

/** By which the file of the patch is named. */
export async function patchDigest(db: Db, patchId: number): Promise<string | null> {
  const patches = db.selectFrom('patches').select('sha256').where('patchId', '=', patchId);
  return (await patches.executeTakeFirst())?.sha256 ?? null;
}

/** Everything a runner needs of a build that is there. */
export async function claimedBuild(db: Db, build: Build): Promise<ClaimedBuild> {
  const requests = db.selectFrom('buildRequests').selectAll();
  const request = await requests.where('requestId', '=', build.requestId).executeTakeFirstOrThrow();
  const sets = db.selectFrom('buildSets').selectAll();
  const set = await sets.where('buildSetId', '=', request.buildSetId).executeTakeFirstOrThrow();
  return {
    build,
    request: toRequest(request),
    buildSet: await completeBuildSet(db, set, { properties: true }),
  };
}

export async function findBuild(db: Db, buildId: number): Promise<Build | null> {
  const row = await db.selectFrom('builds').selectAll().where('buildId', '=', buildId).executeTakeFirst();
  return row === undefined ? null : toBuild(row);
}

/** The newest attempt of a request. */
export async function buildOfRequest(db: Db, requestId: number): Promise<Build | null> {
  const builds = db.selectFrom('builds').selectAll().where('requestId', '=', requestId);
  const row = await builds.orderBy('buildId', 'desc').limit(1).executeTakeFirst();
  return row === undefined ? null : toBuild(row);
}

export async function pendingRequests(
  db: Db,
  requestIds: readonly number[] | null = null,
): Promise<PendingRequest[]> {
  const pending = db
    .selectFrom('buildRequests')
    .select([
      'requestId',
      'buildSetId',
      'builderId',
      'priority',
      'submittedAt',
      'notBefore',
      'attempts',
      'lastWorkerId',
    ])
    // A literal: a parameter would hide from the planner that the small partial index will do.
    .where('state', '=', sql.lit('pending'))
    .orderBy('requestId');
  if (requestIds === null) return await pending.execute();
  return await inPortions(requestIds, (portion) => pending.where('requestId', 'in', portion).execute());
}

/** Successful builds (warnings too) of a builder with the time each step took, newest first. */
export async function pastBuilds(db: Db, builderId: number, limit: number): Promise<PastBuild[]> {
  const builds = await db
    .selectFrom('builds')
    .select(['buildId', 'startedAt', 'completeAt'])
    .where('builderId', '=', builderId)
    // Literals: the planner must see that the partial index over passed builds will do.
    .where('results', 'in', [sql.lit(0), sql.lit(1)])
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
  const steps = await inPortions(
    builds.map(({ buildId }) => buildId),
    (portion) =>
      db
        .selectFrom('steps')
        .select(['buildId', 'name', 'startedAt', 'completeAt'])
        .where('buildId', 'in', portion)
        .orderBy('buildId')
        .orderBy('number')
        .execute(),
  );
  const byBuild = Map.groupBy(steps, ({ buildId }) => buildId);
  return builds.map((build) => ({
    totalMs: took(build),
    steps: (byBuild.get(build.buildId) ?? []).map((step) => ({ name: step.name, durationMs: took(step) })),
  }));
}

/** Never negative, though the clock may have jumped back. */
function took({ startedAt, completeAt }: { startedAt: number | null; completeAt: number | null }): number {
  return Math.max(0, (completeAt ?? 0) - (startedAt ?? completeAt ?? 0));
}
