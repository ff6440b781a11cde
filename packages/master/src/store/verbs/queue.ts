/** The queue: claims, cancels, priorities, and how a request ends or comes back. */
import { BugError, type BuildRequest, CANCELLED, type Results, type StopOrder } from '@buildbot/shared';
import type { RequestEnd } from '../../core/attempt-end.ts';
import { requestState, requestTransition, statesThatTake } from '../../core/request.ts';
import type { ClaimedBuild } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { noEarlierThan } from '../moments.ts';
import { completeBuildSet } from '../reading.ts';
import { type Row, toBuild, toRequest } from '../rows.ts';
import type { BuildsTable } from '../tables.ts';
import { tellBuild, tellRequest } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { settleBuildSet } from './build-sets.ts';

type ClaimInput = Parameters<Store['claim']>[0];

/** A claim decides in the statement that makes it: of two for one request the later finds none. */
const CLAIMABLE = statesThatTake('claim');

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
    .where('state', 'in', CLAIMABLE)
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

const EVENT_OF_END = { complete: 'done', retry: 'retry', shelve: 'shelve' } as const;

/** What becomes of a request whose build has ended. One that somebody cancelled neither comes back nor waits. */
export async function endAttempt(
  context: WriteContext,
  build: Pick<Row<BuildsTable>, 'requestId' | 'workerId' | 'infrastructure'>,
  results: Results,
  end: RequestEnd,
): Promise<void> {
  const { requestId, workerId, infrastructure } = build;
  const request = await requestOf(context, requestId);
  if (request === null) throw new BugError(`build request ${requestId} ended, but there is none`);
  const { state, effects } = requestTransition(requestState(request), EVENT_OF_END[end.kind]);
  if (effects.includes('complete-cancelled')) return await completeRequest(context, requestId, CANCELLED);
  if (end.kind === 'complete') return await completeRequest(context, requestId, results);
  // The worker that lost the build, or was taken out of service under it: not one that is as good as it was.
  const isAvoided = infrastructure === 1 || (end.kind === 'retry' && end.elsewhere === true);
  const wait =
    end.kind === 'retry'
      ? { notBefore: end.notBefore }
      : { shelvedAt: context.now, shelvedReason: end.reason };
  const row = await context.db
    .updateTable('buildRequests')
    .set((old) => ({
      state,
      ...wait,
      claimedAt: null,
      masterId: null,
      failures: old('failures', '+', infrastructure),
      ...(isAvoided ? { lastWorkerId: workerId } : {}),
    }))
    .where('requestId', '=', requestId)
    .returningAll()
    .executeTakeFirstOrThrow();
  tellRequest(context, row, end.kind === 'retry' ? 'unclaimed' : 'shelved');
}

/** Back into the queue, as if nothing had failed before; its priority and age stay. */
export async function unshelve(
  context: WriteContext,
  requestId: number,
): Promise<'unshelved' | 'not-shelved' | 'unknown'> {
  const request = await requestOf(context, requestId);
  if (request === null) return 'unknown';
  if (!statesThatTake('unshelve').includes(requestState(request))) return 'not-shelved';
  const { state } = requestTransition(requestState(request), 'unshelve');
  const row = await context.db
    .updateTable('buildRequests')
    .set({ state, failures: 0, notBefore: null, shelvedAt: null, shelvedReason: null })
    .where('requestId', '=', requestId)
    .returningAll()
    .executeTakeFirstOrThrow();
  tellRequest(context, row, 'unshelved');
  return 'unshelved';
}

async function requestOf({ db }: WriteContext, requestId: number): Promise<BuildRequest | null> {
  const found = db.selectFrom('buildRequests').selectAll().where('requestId', '=', requestId);
  const row = await found.executeTakeFirst();
  return row === undefined ? null : toRequest(row);
}

export async function cancelRequest(
  context: WriteContext,
  requestId: number,
  order: StopOrder,
): Promise<'cancelled' | 'claimed' | 'complete' | 'unknown'> {
  const request = await requestOf(context, requestId);
  if (request === null) return 'unknown';
  const { state, effects } = requestTransition(requestState(request), 'cancel');
  if (effects.length > 0) {
    const orders = context.db
      .updateTable('buildRequests')
      .set({ cancelBy: order.by, cancelReason: order.reason, cancelAt: order.at })
      .where('requestId', '=', requestId);
    await orders.execute();
  }
  if (effects.includes('complete-cancelled')) {
    await completeRequest(context, requestId, CANCELLED);
    return 'cancelled';
  }
  return state === 'cancelling' ? 'claimed' : 'complete';
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
