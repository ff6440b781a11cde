/** Steps of a build and the logs they open. */
import type { Log } from '@buildbot/shared';
import type { StartedStep } from '../../ports/records.ts';
import type { Store } from '../../ports/store.ts';
import { noEarlierThan } from '../moments.ts';
import { flag, type Row, toLog, toStep } from '../rows.ts';
import type { StepsTable } from '../tables.ts';
import { tellLog, tellStep } from '../telling.ts';
import type { WriteContext } from '../write-queue.ts';
import { isRunning, setProperties } from './builds.ts';
import { completeTestResults } from './test-results.ts';

/** `wanted`, or `wanted_1`, `wanted_2`, … if it is taken. */
function firstFree(wanted: string, taken: ReadonlySet<string>): string {
  for (let i = 0; ; i++) {
    const name = i === 0 ? wanted : `${wanted}_${i}`;
    if (!taken.has(name)) return name;
  }
}

/** A name as an identifier: what is not a letter, digit, `.`, `_` or `-` becomes `_`, and it begins with no digit. */
function slugOf(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 50);
  return /^[A-Za-z_-]/.test(plain) ? plain : `_${plain}`;
}

export async function startStep(
  context: WriteContext,
  input: Parameters<Store['startStep']>[0],
): Promise<StartedStep | null> {
  const { db, now } = context;
  if (!(await isRunning(context, input.buildId))) return null;
  const steps = db.selectFrom('steps').selectAll().where('buildId', '=', input.buildId);
  const others = await steps.execute();
  const same = others.find(({ number }) => number === input.number);
  if (same !== undefined) return { ...toStep(same), appends: same.appends, isNew: false };
  const name = firstFree(input.name, new Set(others.map((step) => step.name)));
  const row = await db
    .insertInto('steps')
    .values({ ...input, name, startedAt: now, urls: '[]', hidden: 0 })
    .returningAll()
    .executeTakeFirstOrThrow();
  const step = toStep(row);
  tellStep(context, step, 'new');
  tellStep(context, step, 'started');
  return { ...step, appends: 0, isNew: true };
}

/** The step if its build still runs. */
async function liveStep(context: WriteContext, stepId: number): Promise<Row<StepsTable> | null> {
  const steps = context.db.selectFrom('steps').selectAll().where('stepId', '=', stepId);
  const row = await steps.executeTakeFirst();
  return row !== undefined && (await isRunning(context, row.buildId)) ? row : null;
}

export async function updateStep(
  context: WriteContext,
  stepId: number,
  change: Parameters<Store['updateStep']>[1],
): Promise<boolean> {
  const old = await liveStep(context, stepId);
  if (old === null) return false;
  const { urls } = toStep(old);
  const { stateString = old.stateString, addUrl } = change;
  const isNew = addUrl && !urls.some(({ name, url }) => name === addUrl.name && url === addUrl.url);
  const row = await context.db
    .updateTable('steps')
    .set({ stateString, urls: JSON.stringify(isNew ? [...urls, addUrl] : urls) })
    .where('stepId', '=', stepId)
    .returningAll()
    .executeTakeFirstOrThrow();
  tellStep(context, toStep(row), 'updated');
  return true;
}

/** False also for a step that is finished already: its first result stays. */
export async function finishStep(
  context: WriteContext,
  { stepId, results, stateString, hidden, properties = {}, tests }: Parameters<Store['finishStep']>[0],
): Promise<boolean> {
  const row = await context.db
    .updateTable('steps')
    .set({
      completeAt: noEarlierThan(['startedAt'], context.now),
      results,
      stateString,
      hidden: flag(hidden),
    })
    .where('stepId', '=', stepId)
    .where('completeAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return false;
  await setProperties(context, row.buildId, properties);
  if (tests !== undefined) await completeTestResults(context, stepId, tests);
  tellStep(context, toStep(row), 'finished');
  return true;
}

/** Open a log. The same name again, as a step that runs anew asks for it, answers the same log. */
export async function addLog(
  context: WriteContext,
  { stepId, name, type }: Parameters<Store['addLog']>[0],
): Promise<Log | null> {
  const step = await liveStep(context, stepId);
  if (step === null) return null;
  const others = await context.db.selectFrom('logs').selectAll().where('stepId', '=', stepId).execute();
  const same = others.find((log) => log.name === name);
  if (same !== undefined) return toLog(same);
  const slug = firstFree(slugOf(name), new Set(others.map((log) => log.slug)));
  const row = await context.db
    .insertInto('logs')
    .values({ stepId, buildId: step.buildId, name, slug, type, complete: 0, lines: 0, bytes: 0 })
    .returningAll()
    .executeTakeFirstOrThrow();
  const log = toLog(row);
  tellLog(context, log, 'new');
  return log;
}

/** Close a log with its final number of lines. False when it was closed already. */
export async function finishLog(context: WriteContext, logId: number, lines: number): Promise<boolean> {
  const row = await context.db
    .updateTable('logs')
    .set({ complete: 1, lines })
    .where('logId', '=', logId)
    .where('complete', '=', 0)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return false;
  tellLog(context, toLog(row), 'finished');
  return true;
}

/** A text of the master's own is in this log. */
export async function countAppend({ db }: WriteContext, logId: number): Promise<void> {
  await db
    .updateTable('steps')
    .set((row) => ({ appends: row('appends', '+', 1) }))
    .where('stepId', '=', (from) => from.selectFrom('logs').select('stepId').where('logId', '=', logId))
    .execute();
}

/** What a log and its build's file have grown to. Only complete lines count until the log is closed. */
export interface LogGrowth {
  logId: number;
  bytes: number;
  lines: number;
}

/** Make written log bytes count. */
export async function growLogs(
  context: WriteContext,
  { buildId, logBytes, logs }: { buildId: number; logBytes: number; logs: LogGrowth[] },
): Promise<void> {
  const { db } = context;
  await db.updateTable('builds').set({ logBytes }).where('buildId', '=', buildId).execute();
  for (const { logId, bytes, lines } of logs) {
    const update = db.updateTable('logs').set({ bytes, lines }).where('logId', '=', logId);
    context.grew(toLog(await update.returningAll().executeTakeFirstOrThrow()));
  }
}
