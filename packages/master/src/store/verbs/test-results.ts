/** What a step tells of its tests: kept in portions while its log is read, and complete in one transaction with its end. */
import type { TestCase, TestCounts } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';
import { flag, type Row, toTestResultSet } from '../rows.ts';
import type { StepsTable, TestResultSetsTable } from '../tables.ts';
import { tellTestResultSet } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { isRunning } from './builds.ts';

/** Rows of one statement: engines bound the number of parameters. */
const ROWS = 100;

export async function keepTestResults(
  context: WriteContext,
  { stepId, format, tests }: Parameters<Store['keepTestResults']>[0],
): Promise<boolean> {
  const steps = context.db.selectFrom('steps').selectAll().where('stepId', '=', stepId);
  const step = await steps.executeTakeFirst();
  if (step === undefined || !(await isRunning(context, step.buildId))) return false;
  const set = (await setOf(context, stepId)) ?? (await makeSet(context, step, format));
  for (let from = 0; from < tests.length; from += ROWS) {
    const rows = tests.slice(from, from + ROWS).map((test) => toRow(set, test));
    const insert = context.db.insertInto('testResults').values(rows);
    // A step that is taken up again reads its log again, from the beginning.
    await insert.onConflict((conflict) => conflict.doNothing()).execute();
  }
  return true;
}

async function setOf({ db }: WriteContext, stepId: number): Promise<Row<TestResultSetsTable> | undefined> {
  const sets = db.selectFrom('testResultSets').selectAll().where('stepId', '=', stepId);
  return await sets.executeTakeFirst();
}

async function makeSet(
  context: WriteContext,
  { stepId, buildId }: Row<StepsTable>,
  format: string,
): Promise<Row<TestResultSetsTable>> {
  const builds = context.db.selectFrom('builds').select('builderId').where('buildId', '=', buildId);
  const { builderId } = await builds.executeTakeFirstOrThrow();
  const row = await context.db
    .insertInto('testResultSets')
    .values({ builderId, buildId, stepId, format, passed: 0, failed: 0, skipped: 0, complete: 0 })
    .returningAll()
    .executeTakeFirstOrThrow();
  tellTestResultSet(context, toTestResultSet(row), 'new');
  return row;
}

function toRow({ testResultSetId, buildId }: Row<TestResultSetsTable>, test: TestCase) {
  const { name, outcome, path, line, durationNs, message } = test;
  const failed = flag(outcome === 'failed');
  return { testResultSetId, buildId, name, failed, path, line, durationNs, message: JSON.stringify(message) };
}

/** Nothing comes to the set of this step any more. */
export async function completeTestResults(
  context: WriteContext,
  stepId: number,
  counts: TestCounts,
): Promise<void> {
  const row = await context.db
    .updateTable('testResultSets')
    .set({ ...counts, complete: 1 })
    .where('stepId', '=', stepId)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) tellTestResultSet(context, toTestResultSet(row), 'completed');
}
