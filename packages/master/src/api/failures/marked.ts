/** Failed tests in a page of results, each with its mark. */
import { EVERYTHING } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';
import type { Row } from '../query/apply-query.ts';
import { equals } from '../routes/relations.ts';
import { judgeOf, type Verdict } from './judge.ts';

/** Steps whose tests are judged in one answer: each takes a look at other builds. */
const MOST_STEPS = 20;

/** Rows as they are, but for the mark of those that failed. */
export async function marked(store: Store, rows: readonly Row[]): Promise<Row[]> {
  const failed = rows.filter((row) => row.failed === true);
  const bySteps = [...Map.groupBy(failed, (row) => row.stepid as number)].slice(0, MOST_STEPS);
  const verdicts = new Map<unknown, Verdict>();
  for (const [stepId, tests] of bySteps) verdicts.set(stepId, await verdictOn(store, stepId, tests));
  const markOf = (row: Row) => verdicts.get(row.stepid)?.tests.get(String(row.test_name)) ?? 'unknown';
  return rows.map((row) => (row.failed === true ? { ...row, mark: markOf(row) } : row));
}

async function verdictOn(store: Store, stepId: number, tests: readonly Row[]): Promise<Verdict> {
  const { rows } = await store.query('steps', { ...EVERYTHING, filters: [equals('stepid', stepId)] });
  const judge = await judgeOf(store, tests[0]?.buildid as number);
  return await judge(
    rows[0]?.name ?? '',
    tests.map((row) => String(row.test_name)),
  );
}
