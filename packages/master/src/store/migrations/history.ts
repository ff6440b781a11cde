/** Of schema version 3: indexes that lead to one page of a long history, for every page that people and programs ask for. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

export async function createHistoryIndexes({ schema }: Kysely<Tables>): Promise<void> {
  const index = (name: string, table: string, ...columns: string[]) =>
    schema.createIndex(name).on(table).columns(columns);
  await index('buildsByBuilder', 'builds', 'builderId', 'buildId').execute();
  await index('buildsByBuilderAndStart', 'builds', 'builderId', 'startedAt').execute();
  await index('buildsByBuilderAndResults', 'builds', 'builderId', 'results', 'buildId').execute();
  // What estimates are made from: also of a builder that has failed for a year.
  await index('buildsPassed', 'builds', 'builderId', 'number')
    .where(sql.ref('results'), 'in', sql`(0, 1)`)
    .execute();
  await index('buildSetsBySubmission', 'buildSets', 'submittedAt').execute();
  await index('buildSetsRebuilt', 'buildSets', 'rebuiltBuildId')
    .where(sql.ref('rebuiltBuildId'), 'is not', null)
    .execute();
  await index('requestsBySubmission', 'buildRequests', 'submittedAt').execute();
  await index('requestsUnclaimed', 'buildRequests', 'state', 'builderId')
    .where(sql.ref('state'), 'in', sql`('pending', 'shelved')`)
    .execute();
  await index('changesByRevision', 'changes', 'revision').execute();
  await index('sourceStampsByRevision', 'sourceStamps', 'revision').execute();
}
