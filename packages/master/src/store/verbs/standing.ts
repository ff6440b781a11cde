/** How a worker stands: builds it lost, whether it is suspect, whether it is missing. */
import type { WorkerReport } from '../../core/attempt-end.ts';
import { suspicionOf } from '../../core/suspect.ts';
import { type Row, toWorker } from '../rows.ts';
import type { BuildsTable, WorkersTable } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';
import { tellWorker } from './inventory.ts';

type EndedBuild = Pick<Row<BuildsTable>, 'buildId' | 'workerId' | 'startedAt'>;
type Standing = Partial<Pick<Row<WorkersTable>, 'losses' | 'suspectUntil' | 'suspectReason' | 'missingAt'>>;

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
  const { workerId } = build;
  if (report.kind === 'well') return await trustWorker(context, workerId, { forget: true });
  if (await isSameLoss(context, build)) return;
  const before = await workerRow(context, workerId);
  if (before === undefined) return;
  const losses = before.losses + 1;
  const suspicion = suspicionOf(report.policy, { losses, reason: report.reason });
  if (suspicion === null) {
    await tellWorker(context, await setStanding(context, workerId, { losses }), 'state_updated');
    return;
  }
  const suspectUntil = context.now + suspicion.delay;
  const standing = { losses, suspectUntil, suspectReason: suspicion.reason };
  await tellWorker(context, await setStanding(context, workerId, standing), 'suspected');
}

/** Whether the worker lost another build while this one ran: one crash takes all of its builds, and is one loss. */
async function isSameLoss({ db }: WriteContext, build: EndedBuild): Promise<boolean> {
  const { buildId, workerId, startedAt } = build;
  const lost = db.selectFrom('builds').select('buildId').where('workerId', '=', workerId);
  const others = lost.where('infrastructure', '=', 1).where('buildId', '!=', buildId);
  return (await others.where('completeAt', '>', startedAt).limit(1).executeTakeFirst()) !== undefined;
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
