/** Schema version 3, one file per subject beside this one: what lets people in from elsewhere, and results of tests. */
import { createCredentials } from './credentials.ts';
import type { Migration } from './migration.ts';
import { createTestResults } from './test-results.ts';

export const credentialsAndTests: Migration = {
  version: 3,
  name: 'credentials and tests',
  async up(db, columns) {
    await createCredentials(db, columns);
    await createTestResults(db, columns);
  },
};
