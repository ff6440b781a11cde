/** Collections that grow with every build: one page at a time, by SQL. */
import {
  buildRequestResource,
  buildResource,
  buildSetResource,
  changeResource,
  logResource,
  type Properties,
  type Query,
  type Results,
  type SourceStamp,
  sourceStampResource,
  stepResource,
  testResultResource,
  testResultSetResource,
} from '@buildbot/shared';
import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { inTurns } from '../../in-turns.ts';
import { inPortions, sourceStampsOf, withPatches } from '../reading.ts';
import {
  toBuild,
  toChange,
  toLog,
  toProperties,
  toRequest,
  toStep,
  toTestResult,
  toTestResultSet,
} from '../rows.ts';
import type { BuildsTable, Tables } from '../tables.ts';
import {
  BUILD_FIELDS,
  BUILD_SET_FIELDS,
  CHANGE_FIELDS,
  LOG_FIELDS,
  REQUEST_FIELDS,
  SOURCE_STAMP_FIELDS,
  STEP_FIELDS,
  TEST_RESULT_FIELDS,
  TEST_RESULT_SET_FIELDS,
} from './fields.ts';
import { SMALL } from './served.ts';
import { page } from './sql.ts';

type Db = Kysely<Tables>;

/** Names of the properties to fill in, `*` for all; `null` for none. */
export type WantedProperties = readonly string[] | null;

export async function builds(db: Db, query: Query, wanted: WantedProperties) {
  const { rows, total } = await buildsPage(db, query, db.selectFrom('builds').selectAll('builds'));
  return { rows: await asResources(db, rows, wanted), total };
}

/**
 * The same from the newest builds alone, in the order of their ids or of their start: what there is to many a question
 * (the last builds of all these builders) is among them. `null` when they do not fill the page.
 */
export async function newestBuilds(db: Db, query: Query, wanted: WantedProperties) {
  const [order] = query.order;
  const column = order && WINDOW_ORDERS[order.field];
  if (query.limit === null || query.order.length !== 1 || !order?.descending || !column) return null;
  const newest = db.selectFrom('builds').selectAll().orderBy(column, 'desc').orderBy('buildId').limit(SMALL);
  const from = db.selectFrom(newest.as('builds')).selectAll('builds');
  const { rows, total } = await buildsPage(db, query, from);
  if (rows.length < query.limit) return null;
  // Older ones are not counted, but there may be some.
  return {
    rows: await asResources(db, rows, wanted),
    total: Math.max(total, query.offset + rows.length + 1),
  };
}

const WINDOW_ORDERS: Readonly<Record<string, 'buildId' | 'startedAt'>> = {
  buildid: 'buildId',
  started_at: 'startedAt',
};

function buildsPage(
  db: Db,
  query: Query,
  from: SelectQueryBuilder<Tables, 'builds', Selectable<BuildsTable>>,
) {
  return page({ db, resource: 'builds', fields: BUILD_FIELDS, from, id: 'builds.buildId', query });
}

async function asResources(db: Db, rows: readonly Selectable<BuildsTable>[], wanted: WantedProperties) {
  const ids = rows.map(({ buildId }) => buildId);
  const properties = await propertiesOf(ids, wanted, (portion, names) =>
    db
      .selectFrom('buildProperties')
      .select(['buildId as id', 'name', 'value', 'source'])
      .where('buildId', 'in', portion)
      .$if(names !== null, (rows) => rows.where('name', 'in', names ?? []))
      .execute(),
  );
  return await inTurns(rows, (row) => buildResource(toBuild(row), properties.get(row.buildId) ?? {}));
}

/** A request's properties are those of its build set. */
export async function buildRequests(db: Db, query: Query, wanted: WantedProperties) {
  const from = db.selectFrom('buildRequests').selectAll('buildRequests');
  const id = 'buildRequests.requestId';
  const { rows, total } = await page({
    db,
    resource: 'buildrequests',
    fields: REQUEST_FIELDS,
    from,
    id,
    query,
  });
  const ids = [...new Set(rows.map(({ buildSetId }) => buildSetId))];
  const properties = await propertiesOf(ids, wanted, (portion, names) =>
    db
      .selectFrom('buildSetProperties')
      .select(['buildSetId as id', 'name', 'value', 'source'])
      .where('buildSetId', 'in', portion)
      .$if(names !== null, (rows) => rows.where('name', 'in', names ?? []))
      .execute(),
  );
  const resources = await inTurns(rows, (row) =>
    buildRequestResource(toRequest(row), {
      masterId: row.masterId ?? 0,
      properties: wanted === null ? null : (properties.get(row.buildSetId) ?? {}),
      waitingReason: null,
    }),
  );
  return { rows: resources, total };
}

/** Names that are looked for: engines bound the number of parameters. */
const MOST_NAMES = 100;

interface OwnedProperty {
  id: number;
  name: string;
  value: string;
  source: string;
}

async function propertiesOf(
  ids: number[],
  wanted: WantedProperties,
  read: (portion: number[], names: readonly string[] | null) => Promise<OwnedProperty[]>,
): Promise<Map<number, Properties>> {
  if (wanted === null || wanted.length === 0) return new Map();
  const names = wanted.includes('*') ? null : wanted.slice(0, MOST_NAMES);
  const rows = await inPortions(ids, (portion) => read(portion, names));
  return new Map([...Map.groupBy(rows, ({ id }) => id)].map(([id, group]) => [id, toProperties(group)]));
}

export async function steps(db: Db, query: Query) {
  const from = db.selectFrom('steps').selectAll('steps');
  const { rows, total } = await page({
    db,
    resource: 'steps',
    fields: STEP_FIELDS,
    from,
    id: 'steps.stepId',
    query,
  });
  return { rows: await inTurns(rows, (row) => stepResource(toStep(row))), total };
}

export async function logs(db: Db, query: Query) {
  const from = db.selectFrom('logs').selectAll('logs');
  const { rows, total } = await page({
    db,
    resource: 'logs',
    fields: LOG_FIELDS,
    from,
    id: 'logs.logId',
    query,
  });
  return { rows: await inTurns(rows, (row) => logResource(toLog(row))), total };
}

export async function testResultSets(db: Db, query: Query) {
  const from = db.selectFrom('testResultSets').selectAll('testResultSets');
  const id = 'testResultSets.testResultSetId';
  const resource = 'test_result_sets';
  const { rows, total } = await page({ db, resource, fields: TEST_RESULT_SET_FIELDS, from, id, query });
  return { rows: rows.map((row) => testResultSetResource(toTestResultSet(row))), total };
}

export async function testResults(db: Db, query: Query) {
  const from = db
    .selectFrom('testResults')
    .innerJoin('testResultSets', 'testResultSets.testResultSetId', 'testResults.testResultSetId')
    .selectAll('testResults')
    .select(['testResultSets.builderId', 'testResultSets.stepId']);
  const id = 'testResults.testResultId';
  const resource = 'test_results';
  const { rows, total } = await page({ db, resource, fields: TEST_RESULT_FIELDS, from, id, query });
  return { rows: await inTurns(rows, (row) => testResultResource(toTestResult(row))), total };
}

export async function buildSets(db: Db, query: Query) {
  const from = db.selectFrom('buildSets').selectAll('buildSets');
  const id = 'buildSets.buildSetId';
  const { rows, total } = await page({
    db,
    resource: 'buildsets',
    fields: BUILD_SET_FIELDS,
    from,
    id,
    query,
  });
  const stamps = await sourceStampsOf(
    db,
    rows.map(({ buildSetId }) => buildSetId),
  );
  const resources = rows.map((row) =>
    buildSetResource({
      ...row,
      results: row.results as Results | null,
      sourceStamps: stamps.get(row.buildSetId) ?? [],
      properties: {},
    }),
  );
  return { rows: resources, total };
}

export async function sourceStamps(db: Db, query: Query) {
  const from = db.selectFrom('sourceStamps').selectAll('sourceStamps');
  const id = 'sourceStamps.sourceStampId';
  const { rows, total } = await page({
    db,
    resource: 'sourcestamps',
    fields: SOURCE_STAMP_FIELDS,
    from,
    id,
    query,
  });
  return { rows: (await withPatches(db, rows)).map(sourceStampResource), total };
}

export async function changes(db: Db, query: Query) {
  const from = db.selectFrom('changes').selectAll('changes');
  const { rows, total } = await page({
    db,
    resource: 'changes',
    fields: CHANGE_FIELDS,
    from,
    id: 'changes.changeId',
    query,
  });
  const stampIds = [...new Set(rows.map(({ sourceStampId }) => sourceStampId))];
  const stampRows = await inPortions(stampIds, (portion) =>
    db.selectFrom('sourceStamps').selectAll().where('sourceStampId', 'in', portion).execute(),
  );
  const stamps = new Map((await withPatches(db, stampRows)).map((stamp) => [stamp.sourceStampId, stamp]));
  const resources = rows.map((row) =>
    changeResource(toChange(row), stamps.get(row.sourceStampId) as SourceStamp),
  );
  return { rows: resources, total };
}
