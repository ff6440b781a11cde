/** Who is there: masters, builders, workers, schedulers. */
import {
  BugError,
  type Master,
  type MasterEvent,
  masterEventPaths,
  masterResource,
  schedulerResource,
  type Worker,
  type WorkerEvent,
  type WorkerInfo,
  workerEventPaths,
  workerResource,
} from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { Inventory, Registered } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { adminColumns, flag, toBuilder, toMaster, toScheduler, toWorker } from '../rows.ts';
import type { Tables } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';

const NO_INFO: WorkerInfo = {
  admin: null,
  host: null,
  accessUri: null,
  version: null,
  system: null,
  cpus: null,
};

/** The master that runs on this database, 0 for none: the one that started last. */
export async function activeMasterId(db: Kysely<Tables>): Promise<number> {
  const masters = db.selectFrom('masters').select('masterId').where('active', '=', 1);
  return (await masters.orderBy('lastActiveAt', 'desc').executeTakeFirst())?.masterId ?? 0;
}

function tellMaster(context: WriteContext, master: Master, event: MasterEvent): void {
  const { masterid, name, active, draining } = masterResource(master);
  context.emit(masterEventPaths(masterid, event), { masterid, name, active, draining });
}

/**
 * A master begins. Workers that a crashed one left connected are not, and neither is a master of another name that was
 * killed here: whoever registers holds the database alone.
 */
export async function registerMaster(context: WriteContext, name: string): Promise<Master> {
  const { db, now } = context;
  const begun = { active: flag(true), draining: flag(false), lastActiveAt: now };
  const row = await db
    .insertInto('masters')
    .values({ name, ...begun })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(begun))
    .returningAll()
    .executeTakeFirstOrThrow();
  const master = toMaster(row);
  const gone = db.updateTable('masters').set({ active: 0, draining: 0 }).where('active', '=', 1);
  for (const other of await gone.where('masterId', '!=', row.masterId).returningAll().execute())
    tellMaster(context, toMaster(other), 'stopped');
  tellMaster(context, master, 'started');
  const left = await db
    .updateTable('workers')
    .set({ connected: 0, silentAt: null, awayAt: now })
    .where('connected', '=', 1)
    .returningAll()
    .execute();
  for (const worker of left) await tellWorker(context, toWorker(worker), 'disconnected');
  return master;
}

/** A graceful stop has begun. */
export async function masterDraining(context: WriteContext, masterId: number): Promise<void> {
  const update = context.db.updateTable('masters').set({ draining: 1 }).where('draining', '=', 0);
  const row = await update.where('masterId', '=', masterId).returningAll().executeTakeFirst();
  if (row !== undefined) tellMaster(context, toMaster(row), 'draining');
}

export async function masterStopped(context: WriteContext, masterId: number): Promise<void> {
  const stopped = { active: flag(false), draining: flag(false), lastActiveAt: context.now };
  const update = context.db.updateTable('masters').set(stopped);
  const row = await update.where('masterId', '=', masterId).returningAll().executeTakeFirst();
  if (row !== undefined) tellMaster(context, toMaster(row), 'stopped');
}

/** Make the configuration known; what is not in it stays for its history, but is not configured any more. */
export async function register(context: WriteContext, inventory: Inventory): Promise<Registered> {
  const { db } = context;
  const before = (await db.selectFrom('workers').selectAll().execute()).map(toWorker);
  await db.deleteFrom('eligible').execute();
  for (const table of ['builders', 'workers', 'schedulers'] as const) {
    await db.updateTable(table).set({ configured: 0 }).execute();
  }
  const registered: Registered = { builders: [], workers: [], schedulers: [] };
  for (const builder of inventory.builders) registered.builders.push(await registerBuilder(db, builder));
  for (const worker of inventory.workers) registered.workers.push(await registerWorker(db, worker));
  for (const scheduler of inventory.schedulers)
    registered.schedulers.push(await registerScheduler(db, scheduler));
  await registerEligible(db, inventory, registered);
  await tellChangedWorkers(context, before);
  return registered;
}

/** Of a new worker is told when it connects: before, there is nothing that anybody could do with it. */
async function tellChangedWorkers(context: WriteContext, before: readonly Worker[]): Promise<void> {
  const known = new Map(before.map((worker) => [worker.workerId, registeredPart(worker)]));
  for (const row of await context.db.selectFrom('workers').selectAll().execute()) {
    const worker = toWorker(row);
    const was = known.get(worker.workerId);
    if (was !== undefined && was !== registeredPart(worker))
      await tellWorker(context, worker, 'state_updated');
  }
}

function registeredPart({ maxBuilds, tags, configured }: Worker): string {
  return JSON.stringify([maxBuilds, tags, configured]);
}

async function registerBuilder(db: Kysely<Tables>, builder: Inventory['builders'][number]) {
  const known = {
    description: builder.description,
    tags: JSON.stringify(builder.tags),
    configured: flag(true),
  };
  const row = await db
    .insertInto('builders')
    .values({ name: builder.name, lastNumber: 0, ...known })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(known))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toBuilder(row);
}

async function registerWorker(db: Kysely<Tables>, worker: Inventory['workers'][number]) {
  const known = { maxBuilds: worker.maxBuilds, tags: JSON.stringify(worker.tags), configured: flag(true) };
  const row = await db
    .insertInto('workers')
    .values({
      name: worker.name,
      connected: 0,
      availability: 'eager',
      availabilityRule: 'default',
      paused: 0,
      graceful: 0,
      info: JSON.stringify(NO_INFO),
      ...known,
    })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(known))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toWorker(row);
}

async function registerScheduler(db: Kysely<Tables>, scheduler: Inventory['schedulers'][number]) {
  const known = { type: scheduler.type, configured: flag(true) };
  const row = await db
    .insertInto('schedulers')
    .values({ name: scheduler.name, enabled: 1, ...known })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(known))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toScheduler(row);
}

async function registerEligible(
  db: Kysely<Tables>,
  inventory: Inventory,
  registered: Registered,
): Promise<void> {
  const builders = new Map(registered.builders.map(({ name, builderId }) => [name, builderId]));
  const workers = new Map(registered.workers.map(({ name, workerId }) => [name, workerId]));
  for (const [builder, worker] of inventory.eligible) {
    const builderId = builders.get(builder);
    const workerId = workers.get(worker);
    if (builderId === undefined || workerId === undefined) {
      throw new BugError(`the inventory names ${builder} on ${worker}, but has not both of them`);
    }
    const row = { builderId, workerId };
    await db
      .insertInto('eligible')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

type WorkerState = Parameters<Store['setWorkerState']>[1];

/** What kind of news a change of a worker's state is; `null` for none. */
function newsOf(before: Worker, state: WorkerState): WorkerEvent | null {
  if (state.connected === true && !before.connected) return 'connected';
  if (state.connected === false && before.connected) return 'disconnected';
  if (state.silentAt !== undefined)
    return before.connected ? newsOfSilence(before.silentAt, state.silentAt) : null;
  const changed = Object.entries(state).some(
    ([key, value]) => JSON.stringify(before[key as keyof Worker]) !== JSON.stringify(value),
  );
  return changed ? 'state_updated' : null;
}

/** Of a worker that is silent already nothing new is said by its silence. */
function newsOfSilence(before: number | null, silentAt: number | null): WorkerEvent | null {
  if ((before === null) === (silentAt === null)) return null;
  return silentAt === null ? 'heard' : 'silent';
}

export async function setWorkerState(
  context: WriteContext,
  workerId: number,
  state: WorkerState,
): Promise<void> {
  const workers = context.db.selectFrom('workers').selectAll();
  const before = await workers.where('workerId', '=', workerId).executeTakeFirst();
  if (before === undefined) throw new BugError(`there is no worker ${workerId}`);
  const news = newsOf(toWorker(before), state);
  if (news === null) return;
  const { connected, paused, graceful, info, admin, ...plain } = state;
  const row = await context.db
    .updateTable('workers')
    .set({
      ...plain,
      ...(admin === undefined ? {} : adminColumns(admin)),
      ...(connected === undefined ? {} : { connected: flag(connected) }),
      ...(connected === undefined ? {} : { silentAt: null }),
      ...(connected === true ? { missingAt: null, awayAt: null } : {}),
      ...(connected === false && before.connected === 1 ? { awayAt: context.now } : {}),
      ...(paused === undefined ? {} : { paused: flag(paused) }),
      ...(graceful === undefined ? {} : { graceful: flag(graceful) }),
      ...(info === undefined ? {} : { info: JSON.stringify(info) }),
    })
    .where('workerId', '=', workerId)
    .returningAll()
    .executeTakeFirstOrThrow();
  await tellWorker(context, toWorker(row), news);
  if (before.missingAt !== null && row.missingAt === null)
    await tellWorker(context, toWorker(row), 'returned');
}

/** Tell how a worker is now. */
export async function tellWorker(context: WriteContext, worker: Worker, event: WorkerEvent): Promise<void> {
  const { db } = context;
  const { workerId } = worker;
  const eligible = await db
    .selectFrom('eligible')
    .select('builderId')
    .where('workerId', '=', workerId)
    .execute();
  const running = db.selectFrom('builds').select('buildId').where('completeAt', 'is', null);
  const runningBuilds = (await running.where('workerId', '=', workerId).execute()).length;
  const builderIds = eligible.map(({ builderId }) => builderId);
  const extra = { masterId: await activeMasterId(db), builderIds, runningBuilds };
  context.emit(workerEventPaths(workerId, event), workerResource(worker, extra));
}

export async function setSchedulerEnabled(
  context: WriteContext,
  schedulerId: number,
  enabled: boolean,
): Promise<void> {
  const { db } = context;
  const update = db.updateTable('schedulers').set({ enabled: flag(enabled) });
  const row = await update.where('schedulerId', '=', schedulerId).returningAll().executeTakeFirst();
  if (row === undefined) return;
  const masters = db.selectFrom('masters').selectAll().orderBy('lastActiveAt', 'desc');
  const master = await masters.executeTakeFirst();
  if (master === undefined) return;
  const resource = schedulerResource(toScheduler(row), toMaster(master));
  context.emit([`schedulers/${schedulerId}/updated`], resource);
}
