/** Of schema version 3: what the steps of builds told of their tests. */
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Columns, required } from './migration.ts';

export async function createTestResults(db: Kysely<Tables>, { id, int }: Columns): Promise<void> {
  await id(db.schema.createTable('testResultSets'), 'testResultSetId')
    .addColumn('builderId', int, (column) => column.notNull().references('builders.builderId'))
    .addColumn('buildId', int, (column) => column.notNull().references('builds.buildId'))
    .addColumn('stepId', int, (column) => column.notNull().unique().references('steps.stepId'))
    .addColumn('format', 'text', required)
    .addColumn('passed', int, required)
    .addColumn('failed', int, required)
    .addColumn('skipped', int, required)
    .addColumn('complete', int, required)
    .execute();
  await db.schema.createIndex('testResultSetsByBuild').on('testResultSets').column('buildId').execute();
  await db.schema.createIndex('testResultSetsByBuilder').on('testResultSets').column('builderId').execute();
  await id(db.schema.createTable('testResults'), 'testResultId')
    .addColumn('testResultSetId', int, (column) =>
      column.notNull().references('testResultSets.testResultSetId'),
    )
    .addColumn('buildId', int, required)
    .addColumn('name', 'text', required)
    .addColumn('failed', int, required)
    .addColumn('path', 'text')
    .addColumn('line', int)
    .addColumn('durationNs', int)
    .addColumn('message', 'text', required)
    .execute();
  await db.schema
    .createIndex('testResultsByName')
    .on('testResults')
    .columns(['testResultSetId', 'name'])
    .unique()
    .execute();
  await db.schema
    .createIndex('testResultsByBuild')
    .on('testResults')
    .columns(['buildId', 'failed'])
    .execute();
}
