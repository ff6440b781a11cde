/** Commands by their keys, and the sessions in which workers report on them. */
import { type Command, type CommandKey, type CommandOutcome, ExternalError } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import { PROCESS_GONE } from '../../core/worker-process.ts';
import type { OpenedSession, StoredCommand, WorkerEffect } from '../../ports/records.ts';
import type { Tables, WorkerSessionsTable } from '../tables.ts';
import type { WriteContext } from '../write-queue.ts';
import { isRunning } from './builds.ts';
import { setWorkerState } from './inventory.ts';
import { noteWorker } from './worker-notes.ts';

/** Keep what is wanted before anybody is asked for it. The same key again changes nothing. */
export async function putCommand(
  context: WriteContext,
  key: CommandKey,
  buildId: number,
  command: Command,
): Promise<(StoredCommand & { isNew: boolean }) | null> {
  if (!(await isRunning(context, buildId))) return null;
  const values = { key, buildId, command: JSON.stringify(command) };
  const insert = context.db.insertInto('commands').values(values);
  const made = await insert.onConflict((conflict) => conflict.column('key').doNothing()).executeTakeFirst();
  if (made.numInsertedOrUpdatedRows === 1n) return { key, command, outcome: null, received: {}, isNew: true };
  return { ...((await findCommand(context.db, key)) as StoredCommand), isNew: false };
}

export async function findCommand(db: Kysely<Tables>, key: CommandKey): Promise<StoredCommand | null> {
  const row = await db.selectFrom('commands').selectAll().where('key', '=', key).executeTakeFirst();
  if (row === undefined) return null;
  const outcome = row.outcome === null ? null : (JSON.parse(row.outcome) as CommandOutcome);
  const received = JSON.parse(row.received) as Record<string, number>;
  return { key, command: JSON.parse(row.command) as Command, outcome, received };
}

export async function openSession(
  context: WriteContext,
  workerId: number,
  bootId: string,
  neverSent: readonly CommandKey[] = [],
): Promise<OpenedSession> {
  const { db, now } = context;
  const known = await findSession(db, workerId, bootId);
  if (known !== undefined) {
    const { ackedSeq, endedAt } = known;
    return { standing: endedAt === null ? 'known' : 'superseded', ackedSeq };
  }
  await db
    .updateTable('workerSessions')
    .set({ endedAt: now })
    .where('workerId', '=', workerId)
    .where('endedAt', 'is', null)
    .execute();
  const session = { workerId, bootId, ackedSeq: 0, openedAt: now, endedAt: null };
  await db.insertInto('workerSessions').values(session).execute();
  await loseCommands(db, workerId, neverSent);
  // That the former process was to leave says nothing about this one: known before anybody meets it.
  await setWorkerState(context, workerId, { graceful: false });
  return { standing: 'new', ackedSeq: 0 };
}

/**
 * What the worker's former process ran is gone. Kept in the same transaction as the new session: a master that is killed
 * right after it must not take the new process for the one that had them, and run them a second time.
 */
async function loseCommands(
  db: Kysely<Tables>,
  workerId: number,
  neverSent: readonly CommandKey[],
): Promise<void> {
  const lost: CommandOutcome = { status: 'lost', reason: PROCESS_GONE };
  await db
    .updateTable('commands')
    .set({ outcome: JSON.stringify(lost) })
    .where('outcome', 'is', null)
    .where('buildId', 'in', (from) =>
      from
        .selectFrom('builds')
        .select('buildId')
        .where('workerId', '=', workerId)
        .where('completeAt', 'is', null),
    )
    .$if(neverSent.length > 0, (update) => update.where('key', 'not in', neverSent))
    .execute();
}

/** Number of the session's newest durable message; `null` when the session has ended. */
export async function ackedSeq(db: Kysely<Tables>, workerId: number, bootId: string): Promise<number | null> {
  const session = await findSession(db, workerId, bootId);
  return session?.endedAt === null ? session.ackedSeq : null;
}

async function findSession(
  db: Kysely<Tables>,
  workerId: number,
  bootId: string,
): Promise<Pick<WorkerSessionsTable, 'ackedSeq' | 'endedAt'> | undefined> {
  const sessions = db.selectFrom('workerSessions').select(['ackedSeq', 'endedAt']);
  return await sessions.where('workerId', '=', workerId).where('bootId', '=', bootId).executeTakeFirst();
}

export function sessionEnded(): ExternalError {
  return new ExternalError('worker session', 'it has ended: a newer process of this worker took over');
}

/** Move a session on, and keep how its commands fare. Log bytes are counted by `growLogs` in the same transaction. */
export async function advanceSession(
  context: WriteContext,
  session: { workerId: number; bootId: string; seq: number },
  effects: WorkerEffect[],
): Promise<void> {
  const moved = await context.db
    .updateTable('workerSessions')
    .set({ ackedSeq: session.seq })
    .where('workerId', '=', session.workerId)
    .where('bootId', '=', session.bootId)
    .where('endedAt', 'is', null)
    .where('ackedSeq', '<', session.seq)
    .executeTakeFirst();
  if (moved.numUpdatedRows === 0n) throw sessionEnded();
  for (const effect of effects) {
    if (effect.kind === 'started') await commandStarted(context, effect.key);
    if (effect.kind === 'ended') await commandEnded(context, effect.key, effect.outcome);
    if (effect.kind === 'stale') {
      const { key, what } = effect;
      await noteWorker(context, session.workerId, 'stale', { key, what });
    }
  }
  await countBytes(
    context,
    effects.filter((effect) => effect.kind === 'log'),
  );
}

/** Which byte of each log comes next, for a master that takes over: in the transaction that makes the bytes count. */
async function countBytes(
  { db }: WriteContext,
  frames: readonly Extract<WorkerEffect, { kind: 'log' }>[],
): Promise<void> {
  for (const [key, group] of Map.groupBy(frames, (frame) => frame.key)) {
    const stored = await findCommand(db, key);
    if (stored === null) continue;
    const received = new Map(Object.entries(stored.received));
    for (const { log, frame } of group) received.set(log, (received.get(log) ?? 0) + frame.length);
    const text = JSON.stringify(Object.fromEntries(received));
    await db.updateTable('commands').set({ received: text }).where('key', '=', key).execute();
  }
}

async function commandStarted({ db, now }: WriteContext, key: CommandKey): Promise<void> {
  const update = db.updateTable('commands').set({ startedAt: now }).where('key', '=', key);
  await update.where('startedAt', 'is', null).execute();
}

/** The first outcome stays; that of a finished build is not kept. */
async function commandEnded({ db }: WriteContext, key: CommandKey, outcome: CommandOutcome): Promise<void> {
  await db
    .updateTable('commands')
    .set({ outcome: JSON.stringify(outcome) })
    .where('key', '=', key)
    .where('outcome', 'is', null)
    .where('buildId', 'in', (from) =>
      from.selectFrom('builds').select('buildId').where('completeAt', 'is', null),
    )
    .execute();
}
