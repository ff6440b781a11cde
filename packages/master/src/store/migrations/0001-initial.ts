/** Schema version 1: everything of the first release. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Columns, type Migration, required } from './migration.ts';

type Db = Kysely<Tables>;

/** A column that refers to a row of `table`. */
const refers = (target: string) => (column: Parameters<typeof required>[0]) =>
  column.notNull().references(target);
const mayRefer = (target: string) => (column: Parameters<typeof required>[0]) => column.references(target);

async function createInventory(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('masters'), 'masterId')
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('active', int, required)
    .addColumn('lastActiveAt', int, required)
    .execute();
  await id(db.schema.createTable('builders'), 'builderId')
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('description', 'text')
    .addColumn('tags', 'text', required)
    .addColumn('configured', int, required)
    .addColumn('lastNumber', int, required)
    .execute();
  await id(db.schema.createTable('workers'), 'workerId')
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('configured', int, required)
    .addColumn('connected', int, required)
    .addColumn('availability', 'text', required)
    .addColumn('availabilityRule', 'text', required)
    .addColumn('maxBuilds', int, required)
    .addColumn('tags', 'text', required)
    .addColumn('paused', int, required)
    .addColumn('graceful', int, required)
    .addColumn('info', 'text', required)
    .execute();
  await db.schema
    .createTable('eligible')
    .addColumn('builderId', int, refers('builders.builderId'))
    .addColumn('workerId', int, refers('workers.workerId'))
    .addPrimaryKeyConstraint('eligibleKey', ['builderId', 'workerId'])
    .execute();
  await id(db.schema.createTable('schedulers'), 'schedulerId')
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('type', 'text', required)
    .addColumn('enabled', int, required)
    .addColumn('configured', int, required)
    .execute();
}

async function createSources(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('patches'), 'patchId')
    .addColumn('level', int, required)
    .addColumn('subdir', 'text', required)
    .addColumn('author', 'text', required)
    .addColumn('comment', 'text', required)
    .addColumn('bytes', int, required)
    .addColumn('sha256', 'text', required)
    .addColumn('tree', 'text')
    .execute();
  await db.schema.createIndex('patchesBySha256').on('patches').column('sha256').execute();
  await id(db.schema.createTable('sourceStamps'), 'sourceStampId')
    .addColumn('digest', 'text', (c) => c.notNull().unique())
    .addColumn('codebase', 'text', required)
    .addColumn('repository', 'text', required)
    .addColumn('project', 'text', required)
    .addColumn('branch', 'text')
    .addColumn('revision', 'text')
    .addColumn('patchId', int, mayRefer('patches.patchId'))
    .addColumn('createdAt', int, required)
    .execute();
  await db.schema.createIndex('sourceStampsByPatch').on('sourceStamps').column('patchId').execute();
  await id(db.schema.createTable('changes'), 'changeId')
    .addColumn('author', 'text', required)
    .addColumn('committer', 'text')
    .addColumn('branch', 'text')
    .addColumn('revision', 'text')
    .addColumn('category', 'text')
    .addColumn('codebase', 'text', required)
    .addColumn('project', 'text', required)
    .addColumn('repository', 'text', required)
    .addColumn('comments', 'text', required)
    .addColumn('files', 'text', required)
    .addColumn('revlink', 'text')
    .addColumn('properties', 'text', required)
    .addColumn('sourceStampId', int, refers('sourceStamps.sourceStampId'))
    .addColumn('at', int, required)
    .execute();
  await db.schema.createIndex('changesBySourceStamp').on('changes').column('sourceStampId').execute();
}

async function createBuildSets(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('buildSets'), 'buildSetId')
    .addColumn('externalId', 'text')
    .addColumn('reason', 'text', required)
    .addColumn('submitter', 'text')
    .addColumn('scheduler', 'text', required)
    .addColumn('submittedAt', int, required)
    .addColumn('completeAt', int)
    .addColumn('results', int)
    .addColumn('rebuiltBuildId', int)
    .execute();
  await db.schema.createIndex('buildSetsByExternalId').on('buildSets').column('externalId').execute();
  await db.schema
    .createIndex('buildSetsIncomplete')
    .on('buildSets')
    .column('buildSetId')
    .where(sql.ref('completeAt'), 'is', null)
    .execute();
  await db.schema
    .createTable('buildSetSourceStamps')
    .addColumn('buildSetId', int, refers('buildSets.buildSetId'))
    .addColumn('position', int, required)
    .addColumn('sourceStampId', int, refers('sourceStamps.sourceStampId'))
    .addPrimaryKeyConstraint('buildSetSourceStampsKey', ['buildSetId', 'position'])
    .execute();
  await db.schema
    .createIndex('buildSetsBySourceStamp')
    .on('buildSetSourceStamps')
    .column('sourceStampId')
    .execute();
  await db.schema
    .createTable('buildSetProperties')
    .addColumn('buildSetId', int, refers('buildSets.buildSetId'))
    .addColumn('name', 'text', required)
    .addColumn('value', 'text', required)
    .addColumn('source', 'text', required)
    .addPrimaryKeyConstraint('buildSetPropertiesKey', ['buildSetId', 'name'])
    .execute();
}

async function createRequests(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('buildRequests'), 'requestId')
    .addColumn('buildSetId', int, refers('buildSets.buildSetId'))
    .addColumn('builderId', int, refers('builders.builderId'))
    .addColumn('priority', int, required)
    .addColumn('state', 'text', required)
    .addColumn('submittedAt', int, required)
    .addColumn('claimedAt', int)
    .addColumn('masterId', int)
    .addColumn('completeAt', int)
    .addColumn('results', int)
    .addColumn('attempts', int, required)
    .addColumn('notBefore', int)
    .addColumn('lastWorkerId', int)
    .addColumn('cancelBy', 'text')
    .addColumn('cancelReason', 'text')
    .addColumn('cancelAt', int)
    .execute();
  await db.schema.createIndex('requestsByBuildSet').on('buildRequests').column('buildSetId').execute();
  await db.schema.createIndex('requestsByBuilder').on('buildRequests').column('builderId').execute();
  // Small whatever the history: the queue is read on every assignment.
  await db.schema
    .createIndex('requestsPending')
    .on('buildRequests')
    .column('requestId')
    .where(sql.ref('state'), '=', sql.lit('pending'))
    .execute();
  // For the clean-up: those that no build leads to.
  await db.schema
    .createIndex('requestsNeverBuilt')
    .on('buildRequests')
    .column('completeAt')
    .where(sql.ref('attempts'), '=', sql.lit(0))
    .execute();
  await db.schema
    .createIndex('requestsIncomplete')
    .on('buildRequests')
    .column('requestId')
    .where(sql.ref('completeAt'), 'is', null)
    .execute();
}

async function createBuilds(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('builds'), 'buildId')
    .addColumn('builderId', int, refers('builders.builderId'))
    .addColumn('number', int, required)
    .addColumn('requestId', int, refers('buildRequests.requestId'))
    .addColumn('attempt', int, required)
    .addColumn('workerId', int, refers('workers.workerId'))
    .addColumn('masterId', int, refers('masters.masterId'))
    .addColumn('startedAt', int, required)
    .addColumn('completeAt', int)
    .addColumn('results', int)
    .addColumn('stateString', 'text', required)
    .addColumn('stopBy', 'text')
    .addColumn('stopReason', 'text')
    .addColumn('stopAt', int)
    .addColumn('logBytes', int, required)
    .execute();
  const { schema } = db;
  await schema.createIndex('buildsByNumber').on('builds').columns(['builderId', 'number']).unique().execute();
  await schema.createIndex('buildsByWorker').on('builds').columns(['workerId', 'buildId']).execute();
  await schema.createIndex('buildsByRequest').on('builds').column('requestId').execute();
  await schema.createIndex('buildsByResults').on('builds').columns(['results', 'buildId']).execute();
  await schema.createIndex('buildsByEnd').on('builds').column('completeAt').execute();
  await schema.createIndex('buildsByStart').on('builds').column('startedAt').execute();
  await schema
    .createIndex('buildsIncomplete')
    .on('builds')
    .column('buildId')
    .where(sql.ref('completeAt'), 'is', null)
    .execute();
  // For the clean-up: those whose log file is still there.
  await schema
    .createIndex('buildsWithLogs')
    .on('builds')
    .column('completeAt')
    .where(sql.ref('logBytes'), '>', sql.lit(0))
    .execute();
  await schema
    .createTable('buildProperties')
    .addColumn('buildId', int, refers('builds.buildId'))
    .addColumn('name', 'text', required)
    .addColumn('value', 'text', required)
    .addColumn('source', 'text', required)
    .addPrimaryKeyConstraint('buildPropertiesKey', ['buildId', 'name'])
    .execute();
}

async function createSteps(db: Db, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('steps'), 'stepId')
    .addColumn('buildId', int, refers('builds.buildId'))
    .addColumn('number', int, required)
    .addColumn('name', 'text', required)
    .addColumn('startedAt', int)
    .addColumn('completeAt', int)
    .addColumn('results', int)
    .addColumn('stateString', 'text', required)
    .addColumn('urls', 'text', required)
    .addColumn('hidden', int, required)
    .execute();
  await db.schema.createIndex('stepsByNumber').on('steps').columns(['buildId', 'number']).unique().execute();
  await id(db.schema.createTable('logs'), 'logId')
    .addColumn('stepId', int, refers('steps.stepId'))
    .addColumn('buildId', int, refers('builds.buildId'))
    .addColumn('name', 'text', required)
    .addColumn('slug', 'text', required)
    .addColumn('type', 'text', required)
    .addColumn('complete', int, required)
    .addColumn('lines', int, required)
    .addColumn('bytes', int, required)
    .execute();
  await db.schema.createIndex('logsBySlug').on('logs').columns(['stepId', 'slug']).unique().execute();
  await db.schema.createIndex('logsByBuild').on('logs').column('buildId').execute();
  await db.schema
    .createTable('commands')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('buildId', int, refers('builds.buildId'))
    .addColumn('command', 'text', required)
    .addColumn('startedAt', int)
    .addColumn('outcome', 'text')
    .execute();
  await db.schema.createIndex('commandsByBuild').on('commands').column('buildId').execute();
}

async function createIntakeAndEvents(db: Db, { id, int }: Columns): Promise<void> {
  await db.schema
    .createTable('workerSessions')
    .addColumn('workerId', int, refers('workers.workerId'))
    .addColumn('bootId', 'text', required)
    .addColumn('ackedSeq', int, required)
    .addColumn('openedAt', int, required)
    .addPrimaryKeyConstraint('workerSessionsKey', ['workerId', 'bootId'])
    .execute();
  await db.schema
    .createTable('tryJobs')
    .addColumn('jobId', 'text', (c) => c.primaryKey())
    .addColumn('scheduler', 'text', required)
    .addColumn('user', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('reason', 'text')
    .addColumn('buildSetId', int, mayRefer('buildSets.buildSetId'))
    .addColumn('sha256', 'text', required)
    .addColumn('receivedAt', int, required)
    .execute();
  await db.schema.createIndex('tryJobsByBuildSet').on('tryJobs').column('buildSetId').execute();
  await id(db.schema.createTable('events'), 'number')
    .addColumn('paths', 'text', required)
    .addColumn('body', 'text', required)
    .addColumn('at', int, required)
    .execute();
  await db.schema
    .createTable('doomedFiles')
    .addColumn('kind', 'text', required)
    .addColumn('name', 'text', required)
    .addPrimaryKeyConstraint('doomedFilesKey', ['kind', 'name'])
    .execute();
}

export const initial: Migration = {
  version: 1,
  name: 'initial',
  async up(db, columns) {
    await createInventory(db, columns);
    await createSources(db, columns);
    await createBuildSets(db, columns);
    await createRequests(db, columns);
    await createBuilds(db, columns);
    await createSteps(db, columns);
    await createIntakeAndEvents(db, columns);
  },
};
