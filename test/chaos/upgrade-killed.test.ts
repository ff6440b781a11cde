/** Promise 9: an upgrade that is cut off leaves the old schema or the new one, never something between. */
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import { MIGRATIONS } from '../../packages/master/src/store/migrations/registry.ts';
import { databasePath, openStore, schemaVersion, upgrade } from '../../packages/master/src/store/open.ts';
import { run } from '../support/processes.ts';

const OLDEST = join(import.meta.dirname, '../fixtures/schema-1');
const WRITER = join(import.meta.dirname, 'upgrade-writer.ts');
/** Far more than there are statements: a writer that never comes to its end is a failure, not an endless test. */
const MOST_STATEMENTS = 500;
const AT_ONCE = 4;

async function oldDatabase(): Promise<string> {
  const basedir = await mkdtemp(join(tmpdir(), 'upgrade-killed-'));
  onTestFinished(() => rm(basedir, { recursive: true }));
  await cp(OLDEST, basedir, { recursive: true });
  await chmod(databasePath(basedir), 0o600);
  return basedir;
}

/** Upgrade in a process of its own; `true` when it was killed before the statement. */
async function isKilledAt(basedir: string, statement: number): Promise<boolean> {
  const argv = [process.execPath, '-C', 'source', WRITER, databasePath(basedir), String(statement)];
  // What is compiled once serves the processes that follow.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'upgrade-writer-cache') };
  const { code, stdout, stderr } = await run(argv, { env });
  if (code === null) return true;
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

  /** Whether there is such a statement; if so, the upgrade that was killed before it can be done again. */
  const survives = async (statement: number): Promise<boolean> => {
    const basedir = await oldDatabase();
    if (!(await isKilledAt(basedir, statement))) return false;
    expect(await schemaVersion(databasePath(basedir))).toBeLessThan(MIGRATIONS.length);
    expect((await upgrade(databasePath(basedir), systemClock)).to).toBe(MIGRATIONS.length);
    expect(await everythingIn(basedir)).toEqual(expected);
    return true;
  };
  let statements = 0;
  for (let isMore = true; isMore && statements < MOST_STATEMENTS; statements += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, (_, index) => survives(statements + index + 1));
    isMore = (await Promise.all(some)).every(Boolean);
  }
  expect(statements).toBeGreaterThan(10);
  expect(statements).toBeLessThan(MOST_STATEMENTS);
}, 180_000);
