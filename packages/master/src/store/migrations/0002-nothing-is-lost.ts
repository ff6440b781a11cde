/**
 * Schema version 2: what builds need to outlive the master (recipe, texts, received log bytes), infrastructure failures
 * told apart and shelved, workers' availability as the master's admin sees it, workers that lose builds, are silent or
 * missing, sessions that have ended, readers of events that miss none, masters that drain, and wishes met only once.
 */
import { sql } from 'kysely';
import type { Migration } from './migration.ts';

export const nothingIsLost: Migration = {
  version: 2,
  name: 'nothing is lost',
  async up({ schema }, { int }) {
    const add = (table: string) => schema.alterTable(table);
    await add('builds').addColumn('recipe', 'text').execute();
    await add('builds')
      .addColumn('infrastructure', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('steps')
      .addColumn('appends', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('commands')
      .addColumn('received', 'text', (c) => c.notNull().defaultTo('{}'))
      .execute();
    await add('buildRequests')
      .addColumn('failures', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('buildRequests').addColumn('shelvedAt', int).execute();
    await add('buildRequests').addColumn('shelvedReason', 'text').execute();
    await add('workers')
      .addColumn('adminAvailability', 'text', (c) => c.notNull().defaultTo('eager'))
      .execute();
    await add('workers')
      .addColumn('adminReason', 'text', (c) => c.notNull().defaultTo(''))
      .execute();
    await add('workers').addColumn('adminBy', 'text').execute();
    await add('workers').addColumn('adminAt', int).execute();
    await add('workers').addColumn('adminUntil', int).execute();
    await add('workers').addColumn('availabilityReason', 'text').execute();
    await add('workers').addColumn('availabilityUntil', int).execute();
    await add('workers')
      .addColumn('losses', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('workers')
      .addColumn('lossBuildId', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('workers').addColumn('suspectUntil', int).execute();
    await add('workers')
      .addColumn('suspectReason', 'text', (c) => c.notNull().defaultTo(''))
      .execute();
    await add('workers').addColumn('missingAt', int).execute();
    await add('workers').addColumn('awayAt', int).execute();
    await add('workers').addColumn('silentAt', int).execute();
    await add('masters')
      .addColumn('draining', int, (c) => c.notNull().defaultTo(0))
      .execute();
    await add('buildSets').addColumn('onceKey', 'text').execute();
    await add('buildSets').addColumn('onceDigest', 'text').execute();
    await add('workerSessions').addColumn('endedAt', int).execute();
    await schema
      .createTable('eventReaders')
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('position', int, (c) => c.notNull())
      .execute();
    await schema
      .createIndex('requestsShelved')
      .on('buildRequests')
      .column('requestId')
      .where(sql.ref('state'), '=', sql.lit('shelved'))
      .execute();
    await schema
      .createIndex('buildSetsOnce')
      .unique()
      .on('buildSets')
      .columns(['submitter', 'onceKey'])
      .where(sql.ref('onceKey'), 'is not', null)
      .execute();
  },
};
