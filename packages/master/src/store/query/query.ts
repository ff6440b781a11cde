/** One collection in wire form, by its plural name. */
import { BugError, type Query, type ResourceName, type ResourceOf } from '@buildbot/shared';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import {
  buildRequests,
  buildSets,
  builds,
  changes,
  logs,
  newestBuilds,
  sourceStamps,
  steps,
  testResultSets,
  testResults,
  type WantedProperties,
} from './large.ts';
import { isServed, SERVED, SMALL } from './served.ts';
import { builders, masters, schedulers, workers } from './small.ts';

type Answers = {
  [N in ResourceName]: (
    db: Kysely<Tables>,
    query: Query,
    properties: WantedProperties,
  ) => Promise<{ rows: ResourceOf<N>[]; total: number }>;
};

function notStored(name: ResourceName): () => never {
  return () => {
    throw new BugError(`${name} are no collection of the store`);
  };
}

const ANSWERS: Answers = {
  masters,
  builders,
  workers,
  schedulers,
  changes,
  sourcestamps: sourceStamps,
  buildsets: buildSets,
  buildrequests: buildRequests,
  builds,
  steps,
  logs,
  test_result_sets: testResultSets,
  test_results: testResults,
  logchunks: notStored('logchunks'),
  estimates: notStored('estimates'),
};

/** The connections that queries are answered from. */
export interface Readers {
  reader: Kysely<Tables>;
  slowReader: Kysely<Tables>;
}

/** Answer a query. A field that cannot be filtered or ordered by is a `UserError` that names it. */
export async function answer<N extends ResourceName>(
  { reader, slowReader }: Readers,
  resource: N,
  query: Query,
  properties: WantedProperties,
): Promise<{ rows: ResourceOf<N>[]; total: number }> {
  const isQuick = isServed(resource, query) || (await isSmall(reader, resource));
  if (isQuick) return await ANSWERS[resource](reader, query, properties);
  const newest = resource === 'builds' ? await newestBuilds(reader, query, properties) : null;
  if (newest !== null) return newest as { rows: ResourceOf<N>[]; total: number };
  return await ANSWERS[resource](slowReader, query, properties);
}

/** Whether there are so few rows that no thread need look at them. */
async function isSmall(reader: Kysely<Tables>, resource: ResourceName): Promise<boolean> {
  const served = SERVED[resource];
  if (served === undefined) return true;
  const [id, table] = [sql.ref(served.id), sql.table(served.table)];
  // One look at each end; both in one `select` would walk the table.
  const ends = sql<{
    span: number | null;
  }>`select (select max(${id}) from ${table}) - (select min(${id}) from ${table})
    as span`;
  const [found] = (await ends.execute(reader)).rows;
  return (found?.span ?? 0) < SMALL;
}
