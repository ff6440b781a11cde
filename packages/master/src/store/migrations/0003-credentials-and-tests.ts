/**
 * Schema version 3, one file per subject beside this one: what lets people in from elsewhere, results of tests, and ways
 * through a long history.
 */
import { createCredentials } from './credentials.ts';
import { createHistoryIndexes } from './history.ts';
import type { Migration } from './migration.ts';
import { createTestResults } from './test-results.ts';

export const credentialsAndTests: Migration = {
  version: 3,
  name: 'credentials and tests',
  async up(db, columns) {
    await createCredentials(db, columns);
    await createTestResults(db, columns);
    await createHistoryIndexes(db);
  },
};
