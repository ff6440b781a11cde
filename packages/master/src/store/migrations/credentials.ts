/** Of schema version 3: bearer tokens and sessions of browsers, by the hash of their secret. */
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Columns, required } from './migration.ts';

export async function createCredentials(db: Kysely<Tables>, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('credentials'), 'credentialId')
    .addColumn('kind', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('user', 'text', required)
    .addColumn('person', 'text', required)
    .addColumn('scopes', 'text', required)
    .addColumn('createdAt', int, required)
    .addColumn('createdBy', 'text', required)
    .addColumn('expiresAt', int)
    .addColumn('revokedAt', int)
    .addColumn('revokedBy', 'text')
    .addColumn('usedAt', int)
    .execute();
  await db.schema.createIndex('credentialsByExpiry').on('credentials').column('expiresAt').execute();
}
