/** Collections whose size the configuration bounds: read whole, then filtered and ordered in memory. */
import {
  type BuilderResource,
  builderResource,
  type MasterResource,
  masterResource,
  type Query,
  type SchedulerResource,
  schedulerResource,
  type WorkerResource,
  workerResource,
} from '@buildbot/shared';
import type { Kysely } from 'kysely';
import { toBuilder, toMaster, toScheduler, toWorker } from '../rows.ts';
import type { Tables } from '../tables.ts';
import { activeMasterId } from '../verbs/inventory.ts';
import { answerInMemory, type FieldType, type MemoryField } from './matching.ts';

type Db = Kysely<Tables>;
type Plain = string | number | boolean | null;

/** Fields that are filtered by what they are. */
function plain<R, K extends keyof R & string>(
  type: FieldType,
  ...names: K[]
): Record<string, MemoryField<R>> {
  return Object.fromEntries(
    names.map((name) => [name, { type, value: (resource: R) => resource[name] as Plain | readonly Plain[] }]),
  );
}

const MASTER_FIELDS: Record<string, MemoryField<MasterResource>> = {
  ...plain<MasterResource, 'masterid' | 'last_active'>('int', 'masterid', 'last_active'),
  ...plain<MasterResource, 'name'>('text', 'name'),
  ...plain<MasterResource, 'active' | 'draining'>('bool', 'active', 'draining'),
};

const BUILDER_FIELDS: Record<string, MemoryField<BuilderResource>> = {
  ...plain<BuilderResource, 'builderid' | 'projectid'>('int', 'builderid', 'projectid'),
  ...plain<BuilderResource, 'name' | 'description' | 'description_format' | 'description_html'>(
    'text',
    'name',
    'description',
    'description_format',
    'description_html',
  ),
  ...plain<BuilderResource, 'masterids' | 'tags'>('list', 'masterids', 'tags'),
};

const WORKER_FIELDS: Record<string, MemoryField<WorkerResource>> = {
  ...plain<
    WorkerResource,
    'workerid' | 'max_builds' | 'running_builds' | 'losses' | 'missing_since' | 'away_since' | 'silent_since'
  >(
    'int',
    'workerid',
    'max_builds',
    'running_builds',
    'losses',
    'missing_since',
    'away_since',
    'silent_since',
  ),
  ...plain<
    WorkerResource,
    'name' | 'pause_reason' | 'availability' | 'availability_rule' | 'availability_reason'
  >('text', 'name', 'pause_reason', 'availability', 'availability_rule', 'availability_reason'),
  ...plain<WorkerResource, 'paused' | 'graceful'>('bool', 'paused', 'graceful'),
  ...plain<WorkerResource, 'tags'>('list', 'tags'),
  /** By master id. */
  connected_to: { type: 'list', value: (worker) => worker.connected_to.map(({ masterid }) => masterid) },
  /** By builder id. */
  configured_on: { type: 'list', value: (worker) => worker.configured_on.map(({ builderid }) => builderid) },
};

const SCHEDULER_FIELDS: Record<string, MemoryField<SchedulerResource>> = {
  ...plain<SchedulerResource, 'schedulerid'>('int', 'schedulerid'),
  ...plain<SchedulerResource, 'name' | 'type'>('text', 'name', 'type'),
  ...plain<SchedulerResource, 'enabled'>('bool', 'enabled'),
  /** By master id. */
  master: { type: 'int', value: ({ master }) => master?.masterid ?? null },
};

export async function masters(db: Db, query: Query) {
  const rows = await db.selectFrom('masters').selectAll().orderBy('masterId').execute();
  return answerInMemory(
    'masters',
    MASTER_FIELDS,
    rows.map((row) => masterResource(toMaster(row))),
    query,
  );
}

export async function builders(db: Db, query: Query) {
  const rows = await db.selectFrom('builders').selectAll().orderBy('builderId').execute();
  const active = await db.selectFrom('masters').select('masterId').where('active', '=', 1).execute();
  const masterIds = active.map(({ masterId }) => masterId);
  const all = rows.map((row) => builderResource(toBuilder(row), masterIds));
  return answerInMemory('builders', BUILDER_FIELDS, all, query);
}

export async function workers(db: Db, query: Query) {
  const rows = await db.selectFrom('workers').selectAll().orderBy('workerId').execute();
  const eligible = await db.selectFrom('eligible').selectAll().orderBy('builderId').execute();
  const running = await db.selectFrom('builds').select('workerId').where('completeAt', 'is', null).execute();
  const byWorker = Map.groupBy(eligible, ({ workerId }) => workerId);
  const runningOn = Map.groupBy(running, ({ workerId }) => workerId);
  const masterId = await activeMasterId(db);
  const all = rows.map((row) => {
    const builderIds = (byWorker.get(row.workerId) ?? []).map(({ builderId }) => builderId);
    const runningBuilds = runningOn.get(row.workerId)?.length ?? 0;
    return workerResource(toWorker(row), { masterId, builderIds, runningBuilds });
  });
  return answerInMemory('workers', WORKER_FIELDS, all, query);
}

export async function schedulers(db: Db, query: Query) {
  const rows = await db.selectFrom('schedulers').selectAll().orderBy('schedulerId').execute();
  const master = await db
    .selectFrom('masters')
    .selectAll()
    .orderBy('lastActiveAt', 'desc')
    .executeTakeFirst();
  if (master === undefined) return answerInMemory('schedulers', SCHEDULER_FIELDS, [], query);
  const all = rows.map((row) => schedulerResource(toScheduler(row), toMaster(master)));
  return answerInMemory('schedulers', SCHEDULER_FIELDS, all, query);
}
