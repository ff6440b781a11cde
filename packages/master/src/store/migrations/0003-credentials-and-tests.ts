/** Schema version 3, one file per subject beside this one: what lets people in from elsewhere. */
import { createCredentials } from './credentials.ts';
import type { Migration } from './migration.ts';

export const credentialsAndTests: Migration = {
  version: 3,
  name: 'credentials and tests',
  async up(db, columns) {
    await createCredentials(db, columns);
  },
};
