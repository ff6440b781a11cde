/** One collection in wire form, by its plural name. */
import { BugError, type Query, type ResourceName, type ResourceOf } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import {
  buildRequests,
  buildSets,
  builds,
  changes,
  logs,
  sourceStamps,
  steps,
  testResultSets,
  testResults,
  type WantedProperties,
} from './large.ts';
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

/** Answer a query. A field that cannot be filtered or ordered by is a `UserError` that names it. */
export async function answer<N extends ResourceName>(
  db: Kysely<Tables>,
  resource: N,
  query: Query,
  properties: WantedProperties,
): Promise<{ rows: ResourceOf<N>[]; total: number }> {
  return await ANSWERS[resource](db, query, properties);
}
