/** Where the failed attempts of one request had come to. */
import type { Kysely } from 'kysely';
import type { Loss } from '../core/common-loss.ts';
import type { Tables } from './tables.ts';

/** Of the build, as if it were lost now, and of those of its request that were lost before it; the newest `count`. */
export async function lossesOf(db: Kysely<Tables>, buildId: number, count: number): Promise<Loss[]> {
  const build = db.selectFrom('builds').select('requestId').where('buildId', '=', buildId);
  return await db
    .selectFrom('builds')
    .innerJoin('workers', 'workers.workerId', 'builds.workerId')
    .select('workers.name as worker')
    .select(({ selectFrom }) =>
      selectFrom('steps')
        .select('steps.name')
        .whereRef('steps.buildId', '=', 'builds.buildId')
        .orderBy('steps.number', 'desc')
        .limit(1)
        .as('step'),
    )
    .where('builds.requestId', '=', build)
    .where(({ eb, or }) => or([eb('builds.infrastructure', '=', 1), eb('builds.buildId', '=', buildId)]))
    .orderBy('builds.buildId', 'desc')
    .limit(count)
    .execute();
}
