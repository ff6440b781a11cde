/** Bring a schema up to date: each migration in one transaction together with the row that says it was done. */
import { type Kysely, sql } from 'kysely';
import type { Engine } from './engine.ts';
import type { Migration } from './migrations/migration.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import type { Tables } from './tables.ts';

/** Newest schema version this program knows. */
export const NEWEST_VERSION = MIGRATIONS.length;

const migrationsTable = sql.table('migrations');

/** Version of the schema, 0 for an empty database. */
export async function readVersion(db: Kysely<Tables>): Promise<number> {
  try {
    const { rows } = await sql<{
      version: number;
    }>`select max(version) as version from ${migrationsTable}`.execute(db);
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (/no such table|does not exist/.test(String(error))) return 0;
    throw error;
  }
}

async function prepareTable(engine: Engine): Promise<void> {
  await engine.writer.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('appliedAt', engine.columns.int, (column) => column.notNull())
    .execute();
}

/** Run what is missing. A migration that fails leaves the schema as it was before that migration. */
export async function migrate(
  engine: Engine,
  now: () => number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const db = engine.writer;
  for (const migration of migrations) {
    await engine.begin();
    try {
      await prepareTable(engine);
      if ((await readVersion(db)) < migration.version) {
        // The row first: two programs that upgrade at once meet here, not halfway through.
        await sql`insert into ${migrationsTable} values (${migration.version}, ${migration.name}, ${now()})`.execute(
          db,
        );
        await migration.up(db, engine.columns);
      }
      await engine.commit();
    } catch (error) {
      await engine.rollback();
      throw error;
    }
  }
}
