/**
 * An upgrade that ends in the middle: brings a database to the newest schema and is killed, as by SIGKILL, before the
 * n-th statement of the migrations. Prints `done` when it came to its end first.
 */
import type { KyselyPlugin } from 'kysely';
import { systemClock } from '../../packages/master/src/clock.ts';
import type { Migration } from '../../packages/master/src/store/migrations/migration.ts';
import { MIGRATIONS } from '../../packages/master/src/store/migrations/registry.ts';
import { upgrade } from '../../packages/master/src/store/open.ts';

/** Kills this process when the statements that pass through it have come to `last`. */
function killAt(last: number): (migration: Migration) => Migration {
  let statements = 0;
  const count = (): void => {
    statements += 1;
    if (statements === last) process.kill(process.pid, 'SIGKILL');
  };
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      count();
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return (migration) => ({
    ...migration,
    async up(db, columns) {
      await migration.up(db.withPlugin(plugin), columns);
      // Everything was said, nothing is committed.
      count();
    },
  });
}

const [path, statement] = process.argv.slice(2);
if (path !== undefined && import.meta.main) {
  await upgrade(path, systemClock, MIGRATIONS.map(killAt(Number(statement))));
  console.log('done');
}
