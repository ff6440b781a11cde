/** The pages that clients ask for must not walk whole tables: M9, a page of a million builds in milliseconds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING, type Filter, type Query, type ResourceName } from '@buildbot/shared';
import { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lossesOf } from '../losses.ts';
import { migrate } from '../migrate.ts';
import { eventsAfter } from '../outbox.ts';
import { builtSources, pastSteps } from '../past-results.ts';
import { answer as answerFrom } from '../query/query.ts';
import { isServed, SERVED } from '../query/served.ts';
import {
  buildOfRequest,
  buildProperties,
  findBuildSetProperties,
  pastBuilds,
  pendingRequests,
} from '../reading.ts';
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

const TEXTS = new Set(['revision', 'external_idstring']);
const WORDS: Record<string, boolean | string> = { true: true, false: false };

/** A filter as `served.ts` calls it: by any value, or `field=value`. */
function where(name: string): Filter {
  const [field = '', word] = name.split('=');
  const any = field === 'state' ? 'pending' : TEXTS.has(field) ? 'x' : 7;
  const value = word === undefined ? any : (WORDS[word] ?? word);
  return { field, operator: field === 'sourcestamps' ? 'contains' : 'eq', values: [value] };
}

/** As a store does that has one connection for everything. */
function answer(db: Kysely<Tables>, resource: ResourceName, query: Query): Promise<unknown> {
  return answerFrom({ reader: db, slowReader: db }, resource, query, ['*']);
}

const PAGES: Record<string, (db: Kysely<Tables>) => Promise<unknown>> = {
  'what a build was made of': (db) => builtSources(db, 1),
  'a step and its tests in other builds': (db) =>
    pastSteps(db, { buildIds: [1, 2], step: 'test', tests: ['a', 'b'] }),
  'the queue': pendingRequests,
  'some of the queue': (db) => pendingRequests(db, [1, 2]),
  'past builds': (db) => pastBuilds(db, 1, 20),
  'losses of a request': (db) => lossesOf(db, 1, 3),
  'the newest attempt of a request': (db) => buildOfRequest(db, 1),
  'properties of a build': (db) => buildProperties(db, 1),
  'properties of a build set': (db) => findBuildSetProperties(db, 1),
  'events after a number': (db) => eventsAfter(db, 1, 100),
  'workers with what they build': (db) => answer(db, 'workers', EVERYTHING),
  'the head of the queue': (db) =>
    answer(db, 'buildrequests', {
      ...EVERYTHING,
      filters: [where('state')],
      order: [{ field: 'priority', descending: true }],
      limit: 200,
    }),
  'requests that are claimed': (db) =>
    answer(db, 'buildrequests', {
      ...EVERYTHING,
      filters: [where('complete=false'), where('state=claimed')],
    }),
  'open requests of a builder': (db) =>
    answer(db, 'buildrequests', { ...EVERYTHING, filters: [where('builderid'), where('claimed=false')] }),
};

/** A walk that ends with the page when it is in the order of the page. */
const WALK = /^SCAN \w+( USING (COVERING )?INDEX \w+)?$/;
const SMALL_INDEX = /^SCAN \w+ USING (COVERING )?INDEX \w+(Pending|Shelved|Unclaimed|Incomplete)$/;
/** As big as the configuration. */
const SMALL_TABLE = /^SCAN (masters|builders|workers|eligible|schedulers)\b/;

/** The plans that walk a table which grows. */
function walks(plans: readonly string[]): string[] {
  return plans.filter((plan) => WALK.test(plan) && !SMALL_INDEX.test(plan) && !SMALL_TABLE.test(plan));
}

describe('no table that grows is walked for', () => {
  test.each(Object.entries(PAGES))('%s', async (_, page) => {
    const plans = await plansOf(page);
    expect(plans.length).toBeGreaterThan(0);
    expect(walks(plans)).toEqual([]);
  });
});

describe('what is said to be served is served by an index', () => {
  for (const [name, served] of Object.entries(SERVED)) {
    const resource = name as ResourceName;
    for (const fields of served.few) {
      test(`${resource} by ${fields.join(' and ')}`, async () => {
        const query = { ...EVERYTHING, filters: fields.map(where) };
        expect(isServed(resource, query)).toBe(true);
        const plans = await plansOf((db) => answer(db, resource, query));
        expect(walks(plans)).toEqual([]);
      });
    }
    for (const { equal, orders } of served.pages) {
      for (const field of orders) {
        test(`${[resource, ...equal].join(' by ')} in the order of ${field}`, async () => {
          for (const descending of [false, true]) {
            const order = [{ field, descending }];
            const query = { filters: equal.map(where), order, limit: 200, offset: 100 };
            expect(isServed(resource, query)).toBe(true);
            const plans = await plansOf((db) => answer(db, resource, query));
            expect(plans).not.toContain('USE TEMP B-TREE FOR ORDER BY');
            // Nearly all builds are complete; any other condition must lead into an index.
            const mayWalk = equal.every((condition) => condition === 'complete=true');
            expect(mayWalk ? [] : walks(plans)).toEqual([]);
          }
        });
      }
    }
  }
});

test.each<[string, ResourceName, Query]>([
  ['a filter that no index knows', 'builds', { ...EVERYTHING, filters: [where('stopped_by')], limit: 20 }],
  ['a page from far behind', 'builds', { ...EVERYTHING, limit: 20, offset: 500_000 }],
  ['everything', 'steps', EVERYTHING],
  [
    'an order that no index has',
    'builds',
    { ...EVERYTHING, order: [{ field: 'results', descending: true }], limit: 1 },
  ],
])('%s is read in a thread', (_, resource, query) => {
  expect(isServed(resource, query)).toBe(false);
});
