/** The queue: claims, cancels, priorities, and how a request ends or comes back. */
import { type BuildRequest, CANCELLED, type Results, type StopOrder } from '@buildbot/shared';
import type { RequestEnd } from '../../core/attempt-end.ts';
import type { ClaimedBuild } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { noEarlierThan } from '../moments.ts';
import { completeBuildSet } from '../reading.ts';
import { type Row, toBuild } from '../rows.ts';
import type { BuildRequestsTable, BuildsTable } from '../tables.ts';
import { tellBuild, tellRequest } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { settleBuildSet } from './build-sets.ts';

type ClaimInput = Parameters<Store['claim']>[0];

export async function claim(context: WriteContext, input: ClaimInput): Promise<ClaimedBuild | null> {
  const { db, now } = context;
  const claimed = await db
    .updateTable('buildRequests')
    .set((row) => ({
      state: 'claimed',
      claimedAt: noEarlierThan(['submittedAt'], now),
      masterId: input.masterId,
      attempts: row('attempts', '+', 1),
    }))
    .where('requestId', '=', input.requestId)
    .where('state', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  if (claimed === undefined) return null;
  const request = tellRequest(context, claimed, 'claimed');
  const build = toBuild(await insertBuild(context, input, request));
  await inheritProperties(context, build.buildId, request.buildSetId, input.builddir);
  tellBuild(context, build, 'new');
  const sets = db.selectFrom('buildSets').selectAll();
  const set = await sets.where('buildSetId', '=', request.buildSetId).executeTakeFirstOrThrow();
  return { build, request, buildSet: await completeBuildSet(db, set, { properties: true }) };
}

async function insertBuild(
  { db, now }: WriteContext,
  { workerId, masterId }: ClaimInput,
  { requestId, builderId, attempts, claimedAt }: BuildRequest,
): Promise<Row<BuildsTable>> {
  const { lastNumber } = await db
    .updateTable('builders')
    .set((row) => ({ lastNumber: row('lastNumber', '+', 1) }))
    .where('builderId', '=', builderId)
    .returning('lastNumber')
    .executeTakeFirstOrThrow();
  return await db
    .insertInto('builds')
    .values({
      builderId,
      number: lastNumber,
      requestId,
      attempt: attempts,
      workerId,
      masterId,
      startedAt: claimedAt ?? now,
      stateString: 'starting',
      logBytes: 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A build begins with the properties of its build set, and knows its folder also after a restart. */
async function inheritProperties(
  { db }: WriteContext,
  buildId: number,
  buildSetId: number,
  builddir: string,
): Promise<void> {
  await db
    .insertInto('buildProperties')
    .columns(['buildId', 'name', 'value', 'source'])
    .expression((from) =>
      from
        .selectFrom('buildSetProperties')
        .select((column) => [column.val(buildId).as('buildId'), 'name', 'value', 'source'])
        .where('buildSetId', '=', buildSetId)
        .where('name', '!=', 'builddir'),
    )
    .execute();
  const values = { buildId, name: 'builddir', value: JSON.stringify(builddir), source: 'Worker' };
  await db.insertInto('buildProperties').values(values).execute();
}

/** End a request for good, and with it its build set if it was the last. */
export async function completeRequest(
  context: WriteContext,
  requestId: number,
  results: Results,
): Promise<void> {
  const row = await context.db
    .updateTable('buildRequests')
    .set({
      state: 'complete',
      completeAt: noEarlierThan(['claimedAt', 'submittedAt'], context.now),
      results,
      shelvedAt: null,
      shelvedReason: null,
    })
    .where('requestId', '=', requestId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return;
  tellRequest(context, row, 'complete');
  await settleBuildSet(context, row.buildSetId);
}

/** What becomes of a request whose build has ended. One that somebody cancelled neither comes back nor waits. */
export async function endAttempt(
  context: WriteContext,
  build: Pick<Row<BuildsTable>, 'requestId' | 'workerId' | 'infrastructure'>,
  results: Results,
  end: RequestEnd,
): Promise<void> {
  const { requestId, workerId, infrastructure } = build;
  if (end.kind === 'complete') return await completeRequest(context, requestId, results);
  const next =
    end.kind === 'retry'
      ? { state: 'pending', notBefore: end.notBefore }
      : { state: 'shelved', shelvedAt: context.now, shelvedReason: end.reason };
  const row = await context.db
    .updateTable('buildRequests')
    .set((old) => ({
      ...next,
      claimedAt: null,
      masterId: null,
      failures: old('failures', '+', infrastructure),
      // Only a worker that lost the build is avoided the next time.
      ...(infrastructure === 1 ? { lastWorkerId: workerId } : {}),
    }))
    .where('requestId', '=', requestId)
    .where('state', '=', 'claimed')
    .where('cancelAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return await completeRequest(context, requestId, CANCELLED);
  tellRequest(context, row, end.kind === 'retry' ? 'unclaimed' : 'shelved');
}

/** Back into the queue, as if nothing had failed before; its priority and age stay. */
export async function unshelve(
  context: WriteContext,
  requestId: number,
): Promise<'unshelved' | 'not-shelved' | 'unknown'> {
  const row = await context.db
    .updateTable('buildRequests')
    .set({ state: 'pending', failures: 0, notBefore: null, shelvedAt: null, shelvedReason: null })
    .where('requestId', '=', requestId)
    .where('state', '=', 'shelved')
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) {
    tellRequest(context, row, 'unshelved');
    return 'unshelved';
  }
  return (await requestRow(context, requestId)) === undefined ? 'unknown' : 'not-shelved';
}

async function requestRow(
  { db }: WriteContext,
  requestId: number,
): Promise<Row<BuildRequestsTable> | undefined> {
  return await db
    .selectFrom('buildRequests')
    .selectAll()
    .where('requestId', '=', requestId)
    .executeTakeFirst();
}

export async function cancelRequest(
  context: WriteContext,
  requestId: number,
  order: StopOrder,
): Promise<'cancelled' | 'claimed' | 'complete' | 'unknown'> {
  const row = await requestRow(context, requestId);
  if (row === undefined) return 'unknown';
  if (row.state === 'complete') return 'complete';
  const orders = context.db
    .updateTable('buildRequests')
    .set({ cancelBy: order.by, cancelReason: order.reason, cancelAt: order.at })
    .where('requestId', '=', requestId)
    .where('cancelAt', 'is', null);
  await orders.execute();
  if (row.state === 'claimed') return 'claimed';
  await completeRequest(context, requestId, CANCELLED);
  return 'cancelled';
}

/** False when there is no such request or it is complete. */
export async function setPriority(
  context: WriteContext,
  requestId: number,
  priority: number,
): Promise<boolean> {
  const row = await context.db
    .updateTable('buildRequests')
    .set({ priority })
    .where('requestId', '=', requestId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return false;
  tellRequest(context, row, 'update');
  return true;
}
