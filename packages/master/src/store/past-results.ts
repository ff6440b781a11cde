/** What became of the same step and the same tests in other builds of a builder. */
import type { Properties, Results, SourceStamp } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { BuiltSource, BuiltSources } from '../core/failures/kinship.ts';
import type { PastStep } from '../core/failures/observe.ts';
import { inPortions, sourceStampsOf } from './reading.ts';
import { toProperties } from './rows.ts';
import type { Tables } from './tables.ts';

type Db = Kysely<Tables>;

/** Builds of the builder that are looked at, from the newest on. */
const MOST_BUILDS = 200;

/** What a build and the newest others of its builder that came to a verdict were made of; `null` for no such build. */
export async function builtSources(
  db: Db,
  buildId: number,
): Promise<{ own: BuiltSources; others: BuiltSources[] } | null> {
  const builds = db
    .selectFrom('builds')
    .innerJoin('buildRequests', 'buildRequests.requestId', 'builds.requestId')
    .select(['builds.buildId', 'builds.builderId', 'buildRequests.buildSetId']);
  const mine = await builds.where('builds.buildId', '=', buildId).executeTakeFirst();
  if (mine === undefined) return null;
  const others = await builds
    .where('builds.builderId', '=', mine.builderId)
    .where('builds.results', 'in', [0, 1, 2])
    .orderBy('builds.number', 'desc')
    .limit(MOST_BUILDS)
    .execute();
  const all = await withSources(db, [mine, ...others]);
  const [own] = all;
  return own === undefined ? null : { own, others: all.slice(1) };
}

async function withSources(
  db: Db,
  builds: readonly { buildId: number; buildSetId: number }[],
): Promise<BuiltSources[]> {
  const stamps = await sourceStampsOf(db, [...new Set(builds.map(({ buildSetId }) => buildSetId))]);
  const isOpen = (buildSetId: number) => stamps.get(buildSetId)?.some(({ revision }) => revision === null);
  // Only of those that were to build whatever is newest it must be asked what that was.
  const open = builds.filter(({ buildSetId }) => isOpen(buildSetId)).map(({ buildId }) => buildId);
  const got = await gotRevisions(db, open);
  return builds.map(({ buildId, buildSetId }) => ({
    buildId,
    sources: (stamps.get(buildSetId) ?? []).map((stamp) => builtSource(stamp, got.get(buildId))),
  }));
}

async function gotRevisions(db: Db, buildIds: number[]): Promise<Map<number, Properties>> {
  const rows = await inPortions(buildIds, (portion) =>
    db
      .selectFrom('buildProperties')
      .select(['buildId', 'name', 'value', 'source'])
      .where('buildId', 'in', portion)
      .where('name', '=', 'got_revision')
      .execute(),
  );
  return new Map(rows.map((row) => [row.buildId, toProperties([row])]));
}

function builtSource({ codebase, branch, revision, patch }: SourceStamp, got: Properties = {}): BuiltSource {
  const [found] = got.got_revision ?? [null];
  const asked = revision === '' ? null : revision;
  return {
    codebase,
    branch: branch === '' ? null : branch,
    revision: asked ?? (typeof found === 'string' ? found : null),
    patch: patch?.sha256 ?? null,
  };
}

/** The step of this name in each of the builds that had it and came to a verdict on it, with tests of these names. */
export async function pastSteps(
  db: Db,
  { buildIds, step, tests }: { buildIds: number[]; step: string; tests: string[] },
): Promise<PastStep[]> {
  const rows = await inPortions(buildIds, (portion) =>
    db
      .selectFrom('steps')
      .leftJoin('testResultSets', 'testResultSets.stepId', 'steps.stepId')
      .select(['steps.buildId', 'steps.results', 'testResultSets.testResultSetId', 'testResultSets.complete'])
      .where('steps.buildId', 'in', portion)
      .where('steps.name', '=', step)
      .execute(),
  );
  const past: PastStep[] = [];
  for (const { buildId, results, testResultSetId, complete } of rows) {
    if (results === null) continue;
    const isKnown = testResultSetId !== null && complete === 1;
    past.push({
      buildId,
      results: results as Results,
      tests: isKnown ? await outcomes(db, testResultSetId, tests) : null,
    });
  }
  return past;
}

async function outcomes(db: Db, testResultSetId: number, names: string[]): Promise<PastStep['tests']> {
  const rows = await inPortions(names, (portion) =>
    db
      .selectFrom('testResults')
      .select(['name', 'failed'])
      .where('testResultSetId', '=', testResultSetId)
      .where('name', 'in', portion)
      .execute(),
  );
  const named = (flag: number) =>
    new Set(rows.filter(({ failed }) => failed === flag).map(({ name }) => name));
  return { passed: named(0), failed: named(1) };
}
