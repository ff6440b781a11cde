/** The database over releases: taken over from each schema version, copied before an upgrade, refused when newer. */
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING, UserError } from '@buildbot/shared';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../log.ts';
import type { Store } from '../../ports/store.ts';
import { bytesOf, TestClock } from '../contract/world.contract.ts';
import type { Migration } from '../migrations/migration.ts';
import { MIGRATIONS } from '../migrations/registry.ts';
import { databasePath, openStore, schemaVersion, upgrade } from '../open.ts';
import { requireCurrent } from './files.ts';

const FIXTURES = join(import.meta.dirname, '../../../../../test/fixtures');
const clock = new TestClock();

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'upgrade-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function open(basedir: string): Promise<Store> {
  const fatal = (error: Error) => {
    throw error;
  };
  return await openStore({ basedir, clock, logger: silentLogger, fatal });
}

/** A folder with a database of this release. */
async function current(): Promise<{ basedir: string; path: string }> {
  const basedir = await newFolder();
  await (await open(basedir)).close();
  return { basedir, path: databasePath(basedir) };
}

/** A copy of the folder that the release with this schema version left. */
async function fixture(version: number): Promise<string> {
  const basedir = await newFolder();
  await cp(join(FIXTURES, `schema-${version}`), basedir, { recursive: true });
  // Git keeps no such modes.
  await chmod(databasePath(basedir), 0o600);
  return basedir;
}

const NEXT: Migration = {
  version: MIGRATIONS.length + 1,
  name: 'next',
  async up(db) {
    await db.schema.alterTable('builds').addColumn('mood', 'text').execute();
  },
};

const BROKEN: Migration = {
  ...NEXT,
  async up(db, columns) {
    await NEXT.up(db, columns);
    throw new Error('in the middle');
  },
};

describe('a database of an earlier release', () => {
  for (const { version } of MIGRATIONS) {
    test(`with schema version ${version} keeps all it had`, async () => {
      const basedir = await fixture(version);
      await upgrade(databasePath(basedir), clock);
      const store = await open(basedir);
      onTestFinished(() => store.close());
      const builds = await store.query('builds', EVERYTHING, { properties: ['owner'] });
      expect(
        builds.rows.map(({ number, results, properties }) => [number, results, properties.owner]),
      ).toEqual([
        [1, 0, ['alice', 'try']],
        [2, 2, ['alice', 'try']],
        [3, null, ['alice', 'try']],
      ]);
      expect((await bytesOf(store.readLog(2, 0))).toString()).toBe('in dir build\noutput 2\nunfinished');
      expect(await store.readLogLines(2, 1, null)).toBe('ooutput 2\nounfinished\n');
      const [running] = await store.takeUpBuilds(1);
      const patchId = running?.buildSet.sourceStamps[0]?.patch?.patchId as number;
      expect(Buffer.from((await store.patchBody(patchId)) ?? []).toString()).toContain('+new 3');
      expect(await store.tryJob('job-4')).toMatchObject({ state: 'refused', reason: 'no such builder' });
      expect(await store.pendingRequests()).toHaveLength(1);
      expect((await store.tokens()).map(({ name }) => name)).toEqual(version < 3 ? [] : ['deploy']);
      expect(await store.appendLog(3, 'o', Buffer.from(' goes on\n'))).toBe(true);
      expect((await bytesOf(store.readLog(3, 0))).toString()).toBe(
        'in dir build\noutput 3\nunfinished goes on\n',
      );
    });
  }
});

test('a database with schema version 3 has what steps told of their tests', async () => {
  const basedir = await fixture(3);
  await upgrade(databasePath(basedir), clock);
  const store = await open(basedir);
  onTestFinished(() => store.close());
  const sets = await store.query('test_result_sets', EVERYTHING);
  expect(sets.rows.map(({ tests_passed, tests_failed }) => [tests_passed, tests_failed])).toEqual([
    [1, 0],
    [0, 1],
  ]);
  const { rows } = await store.query('test_results', EVERYTHING);
  expect(rows.map(({ test_name, failed }) => [test_name, failed])).toEqual([
    ['Net.Timeout', false],
    ['Net.Timeout', true],
  ]);
});

describe('an upgrade', () => {
  test('does nothing to a database that is up to date', async () => {
    const { basedir, path } = await current();
    const version = MIGRATIONS.length;
    expect(await upgrade(path, clock)).toEqual({ from: version, to: version, copy: null });
    expect((await readdir(basedir)).filter((name) => name.includes('before'))).toEqual([]);
  });

  test('keeps a private copy of what was before', async () => {
    const { path } = await current();
    const upgraded = await upgrade(path, clock, [...MIGRATIONS, NEXT]);
    expect(upgraded).toEqual({
      from: NEXT.version - 1,
      to: NEXT.version,
      copy: `${path}.before-${NEXT.version}`,
    });
    expect(await schemaVersion(path)).toBe(NEXT.version);
    expect(await schemaVersion(upgraded.copy as string)).toBe(NEXT.version - 1);
    expect((await stat(upgraded.copy as string)).mode & 0o777).toBe(0o600);
  });

  test('that fails leaves the schema as it was, and can be tried again', async () => {
    const { basedir, path } = await current();
    await expect(upgrade(path, clock, [...MIGRATIONS, BROKEN])).rejects.toThrow('in the middle');
    expect(await schemaVersion(path)).toBe(NEXT.version - 1);
    await (await open(basedir)).close();
    expect((await upgrade(path, clock, [...MIGRATIONS, NEXT])).to).toBe(NEXT.version);
  });

  test('is not done under a running master', async () => {
    const { basedir, path } = await current();
    const store = await open(basedir);
    onTestFinished(() => store.close());
    await expect(upgrade(path, clock)).rejects.toThrow('in use by another buildbot-master');
  });
});

describe('opening refuses', () => {
  async function refusal(basedir: string): Promise<UserError> {
    const error: unknown = await open(basedir).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }

  test('a newer schema, in one line', async () => {
    const { basedir, path } = await current();
    await upgrade(path, clock, [...MIGRATIONS, NEXT]);
    const { message } = await refusal(basedir);
    expect(message).toContain(
      `schema version ${NEXT.version}, this buildbot-master knows up to ${NEXT.version - 1}`,
    );
    expect(message).not.toContain('\n');
  });

  test('an older schema, with the command that upgrades it', () => {
    const check = (version: number) => () =>
      requireCurrent('/srv/m/state.sqlite', version, { basedir: '/srv/m', newest: 3 });
    expect(check(2)).toThrow('/srv/m/state.sqlite has schema version 2, this buildbot-master needs 3');
    expect(check(2)).toThrow(expect.objectContaining({ hint: 'buildbot-master upgrade /srv/m' }));
    expect(check(4)).toThrow('knows up to 3: run the newer release');
    for (const version of [0, 3]) expect(check(version)).not.toThrow();
  });

  test('a database that others may read', async () => {
    const { basedir, path } = await current();
    await chmod(path, 0o644);
    const { message, hint } = await refusal(basedir);
    expect(message).toContain('may be read by others (mode 644)');
    expect(hint).toBe(`chmod 600 ${path}`);
  });

  test('row 23: to begin anew where logs of a lost database are', async () => {
    const { basedir, path } = await current();
    await mkdir(join(basedir, 'logs', '0'), { recursive: true });
    await rm(path);
    const { message, hint } = await refusal(basedir);
    expect(message).toContain(`${path} is missing`);
    expect(hint).toContain('.before-N');
  });

  test('row 23: a database that is cut, or no database, or has a wrong page', async () => {
    const { basedir, path } = await current();
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    flipped.fill(0xff, 4096, 4200);
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.alloc(8192, 'no database '), flipped]) {
      await writeFile(path, bytes);
      expect((await refusal(basedir)).message).toContain(`${path} is damaged`);
    }
  });

  test('a second master on the same database', async () => {
    const { basedir } = await current();
    const store = await open(basedir);
    expect((await refusal(basedir)).message).toContain('in use by another buildbot-master');
    await store.close();
    await (await open(basedir)).close();
  });

  test('a database of a kind it does not know', () => {
    expect(() => databasePath('/x', 'mysql://host/db')).toThrow("database.url is 'mysql://host/db'");
    expect(databasePath('/x', 'sqlite:a.db')).toBe('/x/a.db');
    expect(databasePath('/x', 'sqlite:/y/a.db')).toBe('/y/a.db');
    expect(databasePath('/x', 'sqlite:///y/a.db')).toBe('/y/a.db');
  });
});

test('a new database and all that stands beside it is for its owner only', async () => {
  const basedir = await newFolder();
  const store = await open(basedir);
  onTestFinished(() => store.close());
  await store.registerMaster('m');
  for (const name of await readdir(basedir)) {
    expect([name, (await stat(join(basedir, name))).mode & 0o077]).toEqual([name, 0]);
  }
});
