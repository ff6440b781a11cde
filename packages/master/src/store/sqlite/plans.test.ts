/** The pages that clients ask for must not walk whole tables: M9, a page of a million builds in milliseconds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING, type Filter, type Query } from '@buildbot/shared';
import { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from '../migrate.ts';
import { builtSources, pastSteps } from '../past-results.ts';
import { buildRequests, builds, steps, testResultSets, testResults } from '../query/large.ts';
import { pastBuilds, pendingRequests } from '../reading.ts';
import type { Tables } from '../tables.ts';
import { sqliteDialect } from './dialect.ts';
import { openWriter, SqliteEngine } from './engine.ts';
import { createDatabaseFile } from './files.ts';

let folder: string;
let engine: SqliteEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plans-'));
  createDatabaseFile(join(folder, 'db'));
  engine = new SqliteEngine(join(folder, 'db'));
  await migrate(engine, () => 0);
});

afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** Plans of all statements that `work` runs. */
async function plansOf(work: (db: Kysely<Tables>) => Promise<unknown>): Promise<string[]> {
  const connection = openWriter(join(folder, 'db'));
  const statements: { sql: string; parameters: readonly unknown[] }[] = [];
  const db = new Kysely<Tables>({
    dialect: sqliteDialect(connection),
    log: ({ query }) => void statements.push(query),
  });
  await work(db);
  const plans = statements.flatMap(({ sql, parameters }) => {
    const rows = connection.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
    return rows.map(({ detail }) => detail);
  });
  connection.close();
  return plans;
}

const where = (field: string, value: number | boolean | string): Filter => ({
  field,
  operator: 'eq',
  values: [value],
});
const newest: Query = { ...EVERYTHING, order: [{ field: 'buildid', descending: true }], limit: 20 };

const PAGES: Record<string, (db: Kysely<Tables>) => Promise<unknown>> = {
  'the newest builds': (db) => builds(db, newest, null),
  'the newest finished builds': (db) => builds(db, { ...newest, filters: [where('complete', true)] }, null),
  'running builds by start': (db) =>
    builds(
      db,
      {
        ...EVERYTHING,
        filters: [where('complete', false)],
        order: [{ field: 'started_at', descending: true }],
      },
      null,
    ),
  'the newest builds of a builder': (db) =>
    builds(
      db,
      { ...newest, filters: [where('builderid', 1)], order: [{ field: 'number', descending: true }] },
      null,
    ),
  'a build by builder and number': (db) =>
    builds(db, { ...EVERYTHING, filters: [where('builderid', 1), where('number', 7)] }, null),
  'the newest builds of a worker': (db) => builds(db, { ...newest, filters: [where('workerid', 1)] }, null),
  'the newest builds with a result': (db) => builds(db, { ...newest, filters: [where('results', 2)] }, null),
  'builds of a request': (db) => builds(db, { ...EVERYTHING, filters: [where('buildrequestid', 1)] }, null),
  'steps of a build': (db) => steps(db, { ...EVERYTHING, filters: [where('buildid', 1)] }),
  'failed tests of a build': (db) =>
    testResults(db, { ...EVERYTHING, filters: [where('buildid', 1), where('failed', true)] }),
  'tests of a set': (db) => testResults(db, { ...EVERYTHING, filters: [where('test_result_setid', 1)] }),
  'sets of a builder': (db) => testResultSets(db, { ...EVERYTHING, filters: [where('builderid', 1)] }),
  'what a build was made of': (db) => builtSources(db, 1),
  'a step and its tests in other builds': (db) =>
    pastSteps(db, { buildIds: [1, 2], step: 'test', tests: ['a', 'b'] }),
  'requests that wait': (db) =>
    buildRequests(db, { ...EVERYTHING, filters: [where('claimed', false)] }, null),
  'the head of the queue': (db) =>
    buildRequests(
      db,
      {
        ...EVERYTHING,
        filters: [where('state', 'pending')],
        order: [{ field: 'priority', descending: true }],
        limit: 200,
      },
      null,
    ),
  'requests on the shelf': (db) =>
    buildRequests(db, { ...EVERYTHING, filters: [where('state', 'shelved')] }, null),
  'requests that are claimed': (db) =>
    buildRequests(
      db,
      { ...EVERYTHING, filters: [where('complete', false), where('state', 'claimed')] },
      null,
    ),
  'requests of a build set': (db) =>
    buildRequests(db, { ...EVERYTHING, filters: [where('buildsetid', 1)] }, null),
  'the queue': pendingRequests,
  'past builds': (db) => pastBuilds(db, 1, 20),
};

/** Pages that are put in order after they were found: few rows by their nature. */
const SORTED = new Set([
  'running builds by start',
  'steps of a build',
  'the head of the queue',
  'tests of a set',
]);

describe('no table is walked for', () => {
  for (const [name, page] of Object.entries(PAGES)) {
    test(name, async () => {
      const plans = await plansOf(page);
      expect(plans.length).toBeGreaterThan(0);
      // A scan in the order of the key ends with the page; one of a small partial index is small.
      const isBounded = (plan: string) =>
        /^SCAN \w+( USING INDEX \w+(Pending|Shelved|Incomplete))?$/.test(plan);
      const walks = plans.filter((plan) => plan.startsWith('SCAN') && !isBounded(plan));
      expect(walks).toEqual([]);
      const isSorted = plans.some((plan) => plan.includes('USE TEMP B-TREE'));
      expect(isSorted && !SORTED.has(name)).toBe(false);
    });
  }
});
