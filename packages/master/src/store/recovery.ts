/**
 * What a crash leaves in log files: bytes behind what the database counts. They were acknowledged to nobody, workers
 * send them again, and they are cut at start. The other way round, a file with fewer good bytes than the database
 * counts, only a disk that lies can leave; then the rows are put right, loudly, so that the rest stays readable.
 */
import type { Kysely } from 'kysely';
import type { Logger } from '../ports/service.ts';
import type { LogFiles } from './logs/log-files.ts';
import type { LogIndex } from './logs/log-index.ts';
import type { Tables } from './tables.ts';
import type { WriteContext, WriteQueue } from './write-queue.ts';

export interface RecoveryDeps {
  reader: Kysely<Tables>;
  queue: WriteQueue;
  files: LogFiles;
  logger: Logger;
}

/** Put the log files of all unfinished builds right. */
export async function recoverLogFiles(deps: RecoveryDeps): Promise<void> {
  const builds = deps.reader
    .selectFrom('builds')
    .select(['buildId', 'logBytes'])
    .where('completeAt', 'is', null);
  for (const { buildId, logBytes } of await builds.execute()) await recoverBuild(deps, buildId, logBytes);
}

async function recoverBuild(deps: RecoveryDeps, buildId: number, logBytes: number): Promise<void> {
  await deps.files.exclusive(buildId, async (file) => {
    const index = await file.repair(logBytes);
    const found = logBytes === 0 ? 0 : index.length;
    if (found === logBytes) return;
    deps.logger.error({ buildId, counted: logBytes, found }, 'the disk lost log bytes it had confirmed');
    await deps.queue.run((context) => countWhatIsLeft(context, buildId, found, index));
  });
}

async function countWhatIsLeft(
  { db }: WriteContext,
  buildId: number,
  logBytes: number,
  index: LogIndex,
): Promise<void> {
  await db.updateTable('builds').set({ logBytes }).where('buildId', '=', buildId).execute();
  const logs = await db
    .selectFrom('logs')
    .select(['logId', 'bytes'])
    .where('buildId', '=', buildId)
    .execute();
  for (const { logId, bytes } of logs) {
    const end = index.end(logId);
    if (end.bytes === bytes) continue;
    await db
      .updateTable('logs')
      .set({ bytes: end.bytes, lines: end.newlines })
      .where('logId', '=', logId)
      .execute();
  }
}
