/** How a worker stands: builds it lost, whether it is suspect, whether it is missing. */
import type { WorkerReport } from '../../core/attempt-end.ts';
import { suspicionOf } from '../../core/suspect.ts';
import { type Row, toWorker } from '../rows.ts';
import type { BuildsTable, WorkersTable } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';
import { tellWorker } from './inventory.ts';

type EndedBuild = Pick<Row<BuildsTable>, 'buildId' | 'workerId'>;
type Standing = Partial<
  Pick<Row<WorkersTable>, 'losses' | 'lossBuildId' | 'suspectUntil' | 'suspectReason' | 'missingAt'>
>;

async function workerRow({ db }: WriteContext, workerId: number): Promise<Row<WorkersTable> | undefined> {
  const workers = db.selectFrom('workers').selectAll().where('workerId', '=', workerId);
  return await workers.executeTakeFirst();
}

async function setStanding({ db }: WriteContext, workerId: number, standing: Standing) {
  const update = db.updateTable('workers').set(standing).where('workerId', '=', workerId);
  return toWorker(await update.returningAll().executeTakeFirstOrThrow());
}

/** Keep what the end of a build says about its worker. */
export async function reportWorker(
  context: WriteContext,
  build: EndedBuild,
  report: WorkerReport,
): Promise<void> {
  const { buildId, workerId } = build;
  if (report.kind === 'well') return await trustWorker(context, workerId, { forget: true });
  const before = await workerRow(context, workerId);
  // One crash takes all builds of its worker, and is one loss: what ran already at the last loss was part of it.
  if (before === undefined || buildId <= before.lossBuildId) return;
  const counted = { losses: before.losses + 1, lossBuildId: await newestBuildId(context) };
  const suspicion = suspicionOf(report.policy, { losses: counted.losses, reason: report.reason });
  if (suspicion === null) {
    await tellWorker(context, await setStanding(context, workerId, counted), 'state_updated');
    return;
  }
  const suspectUntil = context.now + suspicion.delay;
  const standing = { ...counted, suspectUntil, suspectReason: suspicion.reason };
  await tellWorker(context, await setStanding(context, workerId, standing), 'suspected');
}

/** Ids, not times, tell what began before and after: they never go back, as clocks do. */
async function newestBuildId({ db }: WriteContext): Promise<number> {
  const newest = db.selectFrom('builds').select(({ fn }) => fn.max('buildId').as('buildId'));
  return (await newest.executeTakeFirstOrThrow()).buildId;
}

export async function trustWorker(
  context: WriteContext,
  workerId: number,
  { forget }: { forget: boolean },
): Promise<void> {
  const before = await workerRow(context, workerId);
  if (before === undefined) return;
  const losses = forget ? 0 : before.losses;
  if (before.suspectUntil === null && before.losses === losses) return;
  const standing = { losses, suspectUntil: null, suspectReason: '' };
  const event = before.suspectUntil === null ? 'state_updated' : 'trusted';
  await tellWorker(context, await setStanding(context, workerId, standing), event);
}

export async function markMissing(context: WriteContext, workerId: number): Promise<boolean> {
  const before = await workerRow(context, workerId);
  if (before === undefined || before.configured === 0) return false;
  if (before.connected === 1 || before.missingAt !== null) return false;
  await tellWorker(context, await setStanding(context, workerId, { missingAt: context.now }), 'missing');
  return true;
}
