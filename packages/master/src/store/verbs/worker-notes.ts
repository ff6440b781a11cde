/** Events about a worker that change no row of it: what it tried and may not, who took its place. */
import { type WorkerNote, workerNotePaths } from '@buildbot/shared';
import type { WriteContext } from '../write-queue.ts';

export async function noteWorker(
  context: WriteContext,
  workerId: number,
  note: WorkerNote,
  facts: Record<string, unknown>,
): Promise<void> {
  const workers = context.db.selectFrom('workers').select('name').where('workerId', '=', workerId);
  const { name } = await workers.executeTakeFirstOrThrow();
  context.emit(workerNotePaths(workerId, note), { workerid: workerId, name, ...facts });
}
