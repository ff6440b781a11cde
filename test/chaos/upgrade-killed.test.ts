/** Promise 9: an upgrade that is cut off leaves the old schema or the new one, never something between. */
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import { MIGRATIONS } from '../../packages/master/src/store/migrations/registry.ts';
import { databasePath, openStore, schemaVersion, upgrade } from '../../packages/master/src/store/open.ts';

const OLDEST = join(import.meta.dirname, '../fixtures/schema-1');
const WRITER = join(import.meta.dirname, 'upgrade-writer.ts');
/** Far more than there are statements: a writer that never comes to its end is a failure, not an endless test. */
const MOST_STATEMENTS = 500;

async function oldDatabase(): Promise<string> {
  const basedir = await mkdtemp(join(tmpdir(), 'upgrade-killed-'));
  onTestFinished(() => rm(basedir, { recursive: true }));
  await cp(OLDEST, basedir, { recursive: true });
  await chmod(databasePath(basedir), 0o600);
  return basedir;
}

/** Upgrade in a process of its own; `true` when it was killed before the statement. */
function isKilledAt(basedir: string, statement: number): boolean {
  const args = ['-C', 'source', WRITER, databasePath(basedir), String(statement)];
  const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal === 'SIGKILL') return true;
  expect({ stdout, stderr }).toEqual({ stdout: 'done\n', stderr: '' });
  return false;
}

async function everythingIn(basedir: string): Promise<unknown> {
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  try {
    const builds = await store.query('builds', EVERYTHING, { properties: ['*'] });
    const requests = await store.query('buildrequests', EVERYTHING);
    return { builds: builds.rows, requests: requests.rows };
  } finally {
    await store.close();
  }
}

test('row 39: an upgrade that is killed before any of its statements can be done again, and keeps all there was', async () => {
  const whole = await oldDatabase();
  await upgrade(databasePath(whole), systemClock);
  const expected = await everythingIn(whole);

  let statement = 1;
  for (; statement < MOST_STATEMENTS; statement++) {
    const basedir = await oldDatabase();
    if (!isKilledAt(basedir, statement)) break;
    expect(await schemaVersion(databasePath(basedir))).toBeLessThan(MIGRATIONS.length);
    expect((await upgrade(databasePath(basedir), systemClock)).to).toBe(MIGRATIONS.length);
    expect(await everythingIn(basedir)).toEqual(expected);
  }
  expect(statement).toBeGreaterThan(10);
});
