/**
 * Makes the history of a farm: N finished builds with all that belongs to them, and a queue, in the schema and with the
 * names that a master gives. The same numbers for the same seed. A tool for benchmarks and for looking at big farms:
 *
 *     node -C source bench/seed-history.ts BASEDIR [BUILDS] [SEED]
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { silentLogger } from '../packages/master/src/log.ts';
import { databasePath, openStore } from '../packages/master/src/store/open.ts';

export interface History {
  /** The master's folder; there must be no database in it yet. */
  basedir: string;
  builds: number;
  seed?: number;
  builders?: number;
  workers?: number;
}

/** Requests that wait at the end, for builders that nobody serves. */
export const QUEUED = 500;
export const STEPS = ['worker_preparation', 'git', 'compile', 'test'];
/** Every so manieth build tells of so many tests. */
const TESTED = 20;
const TESTS = 10;
/** Builds that share a revision. */
const PER_REVISION = 10;
const END = 1_795_000_000_000;
const EVERY_MS = 30_000;

/** Fill a new database. About a minute for a million builds. */
export async function seedHistory(history: History): Promise<void> {
  const { basedir, builds, seed = 1, builders = 100, workers = 50 } = history;
  await createFarm(basedir, builders, workers);
  const db = new Database(databasePath(basedir));
  db.pragma('synchronous = off');
  db.pragma('cache_size = -400000');
  db.pragma('foreign_keys = off');
  db.exec('begin');
  db.exec(`create temp table n as with recursive n(n) as (select 1 union all select n + 1 from n where n < ${builds})
    select n from n`);
  for (const statement of statements({ builds, seed, builders, workers })) db.exec(statement);
  db.exec('commit');
  db.pragma('wal_checkpoint(truncate)');
  db.close();
}

/** Builders and workers, as a master registers them. */
async function createFarm(basedir: string, builders: number, workers: number): Promise<void> {
  mkdirSync(basedir, { recursive: true });
  const fatal = (error: Error) => {
    throw error;
  };
  const clock = { now: () => END, monotonic: () => 0 };
  const store = await openStore({ basedir, clock, logger: silentLogger, fatal });
  await store.registerMaster('seed:/srv/buildbot');
  const names = (kind: string, count: number) => Array.from({ length: count }, (_, i) => `${kind}-${i + 1}`);
  await store.register({
    builders: names('builder', builders).map((name) => ({ name, description: null, tags: ['seed'] })),
    workers: names('seeded', workers).map((name) => ({ name, maxBuilds: 2, tags: [] })),
    schedulers: [{ name: 'nightly', type: 'force' }],
    eligible: [],
  });
  await store.close();
}

function statements({ builds, seed, builders, workers }: Required<Omit<History, 'basedir'>>): string[] {
  /** Noise from 0 to `below`, the same for the same row. */
  const noise = (kind: number, below: number, n = 'n') =>
    `(((${n} * 2654435761 + ${kind * 40503 + seed * 7919}) % 4294967291) / 61 % ${below})`;
  const startedAt = `${END} - (${builds} - n) * ${EVERY_MS}`;
  const tookMs = `(20000 + ${noise(3, 600_000)})`;
  const results = `case when ${noise(4, 100)} < 80 then 0 when ${noise(4, 100)} < 85 then 1
    when ${noise(4, 100)} < 97 then 2 when ${noise(4, 100)} < 99 then 4 else 6 end`;
  // Few builders do most of the work.
  const builderId = `1 + ${noise(1, builders)} * ${noise(2, builders)} / ${builders}`;
  const stampId = `(n + ${PER_REVISION - 1}) / ${PER_REVISION}`;
  const property = (name: string, value: string, source: string) =>
    `select n, '${name}', '"' || ${value} || '"', '${source}' from n`;
  const perStep = STEPS.map((name, number) => `select ${number} as number, '${name}' as name`).join(
    ' union all ',
  );
  const tests = Array.from({ length: TESTS }, (_, test) => `select ${test} as test`).join(' union all ');
  const stepId = (number: string) => `(n - 1) * ${STEPS.length} + ${number} + 1`;
  return [
    `insert into "sourceStamps" select n, printf('%064x', n), '', '/srv/project.git', 'project',
      case when ${noise(5, 10)} < 7 then 'main' else 'topic-' || n end, printf('%040x', n), null,
      ${END} - (${builds} - n * ${PER_REVISION}) * ${EVERY_MS}
      from n where n <= (${builds} + ${PER_REVISION - 1}) / ${PER_REVISION}`,
    `insert into "changes" ("changeId", "author", "branch", "revision", "codebase", "project", "repository", "comments",
      "files", "properties", "sourceStampId", "at")
      select "sourceStampId", 'author-' || "sourceStampId" % 40, "branch", "revision", '', "project", "repository",
      'change ' || "sourceStampId", '["src/main.c"]', '{}', "sourceStampId", "createdAt" from "sourceStamps"`,
    `insert into "buildSets" ("buildSetId", "reason", "submitter", "scheduler", "submittedAt", "completeAt", "results")
      select n, 'nightly', 'author-' || ${noise(6, 40)}, 'nightly', ${startedAt} - 5000, ${startedAt} + ${tookMs},
      ${results} from n`,
    `insert into "buildSetSourceStamps" select n, 0, ${stampId} from n`,
    `insert into "buildSetProperties" ${property('owner', `'author-' || ${noise(6, 40)}`, 'Scheduler')}`,
    `insert into "buildRequests" ("requestId", "buildSetId", "builderId", "priority", "state", "submittedAt", "claimedAt",
      "masterId", "completeAt", "results", "attempts")
      select n, n, ${builderId}, 0, 'complete', ${startedAt} - 5000, ${startedAt}, 1, ${startedAt} + ${tookMs}, ${results},
      1 from n`,
    `insert into "builds" ("buildId", "builderId", "number", "requestId", "attempt", "workerId", "masterId", "startedAt",
      "completeAt", "results", "stateString", "logBytes")
      select n, ${builderId}, row_number() over (partition by ${builderId} order by n), n, 1, 1 + ${noise(7, workers)}, 1,
      ${startedAt}, ${startedAt} + ${tookMs}, ${results}, 'build done', 0 from n order by n`,
    `update "builders" set "lastNumber" =
      coalesce((select max("number") from "builds" where "builds"."builderId" = "builders"."builderId"), 0)`,
    `insert into "buildProperties" select * from (
      ${property('branch', `case when ${noise(5, 10, `(${stampId})`)} < 7 then 'main' else 'topic-' || ${stampId} end`, 'Build')}
      union all ${property('builddir', `'builder-' || (${builderId})`, 'Worker')}
      union all ${property('got_revision', `printf('%040x', ${stampId})`, 'Git')}
      union all ${property('owner', `'author-' || ${noise(6, 40)}`, 'Scheduler')}
      union all ${property('revision', `printf('%040x', ${stampId})`, 'Build')}
      union all ${property('workername', `'seeded-' || (1 + ${noise(7, workers)})`, 'Worker')})`,
    `insert into "steps" ("stepId", "buildId", "number", "name", "startedAt", "completeAt", "results", "stateString",
      "urls", "hidden")
      select ${stepId('number')}, n, number, name, ${startedAt} + ${tookMs} * number / ${STEPS.length},
      ${startedAt} + ${tookMs} * (number + 1) / ${STEPS.length},
      case when number = ${STEPS.length - 1} then ${results} else 0 end, 'done', '[]', 0 from n join (${perStep})`,
    `insert into "logs" ("logId", "stepId", "buildId", "name", "slug", "type", "complete", "lines", "bytes")
      select "stepId", "stepId", "buildId", 'stdio', 'stdio', 's', 1, 0, 0 from "steps"`,
    `insert into "testResultSets" select n / ${TESTED}, ${builderId}, n, ${stepId(`${STEPS.length - 1}`)}, 'junit',
      ${TESTS} - (${results} = 2), ${results} = 2, 0, 1 from n where n % ${TESTED} = 0`,
    `insert into "testResults" ("testResultSetId", "buildId", "name", "failed", "message")
      select "testResultSetId", "buildId", 'Suite.test' || test, test = 0 and "failed", '[]'
      from "testResultSets" join (${tests})`,
    `insert into "buildSets" ("buildSetId", "reason", "scheduler", "submittedAt")
      select ${builds} + n, 'queued', 'nightly', ${END} + n from n where n <= ${QUEUED}`,
    `insert into "buildRequests" ("requestId", "buildSetId", "builderId", "priority", "state", "submittedAt", "attempts")
      select ${builds} + n, ${builds} + n, 1 + n % ${builders}, n % 5, 'pending', ${END} + n, 0
      from n where n <= ${QUEUED}`,
  ];
}

if (import.meta.main) {
  const [basedir, builds = '1000000', seed = '1'] = process.argv.slice(2);
  if (basedir === undefined) throw new Error('usage: seed-history.ts BASEDIR [BUILDS] [SEED]');
  await seedHistory({ basedir: resolve(basedir), builds: Number(builds), seed: Number(seed) });
}
