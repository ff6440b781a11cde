import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { type Checkpoint, Checkpoints } from './checkpoints.ts';
import { SqliteEngine } from './engine.ts';

const failing = (code: string) =>
  new Checkpoints({
    look: () => ({ log: 1, checkpointed: 0 }),
    run: () => {
      throw new Database.SqliteError('disk I/O error', code);
    },
    failureKind: (error) => ((error as { code: string }).code === 'SQLITE_IOERR_FSYNC' ? 'fatal' : 'verb'),
    onHeldBack: () => undefined,
    worthFrames: 1,
  });

test('row 20: a sync of a checkpoint that fails is a failure of the disk, and no other failure is one', () => {
  expect(() => failing('SQLITE_IOERR_FSYNC').committed()).toThrow('disk I/O error');
  expect(() => failing('SQLITE_FULL').committed()).not.toThrow();
  expect(() => failing('SQLITE_BUSY').committed()).not.toThrow();
});

test('row 16: of what a reader holds back is told once, until it let go of it', () => {
  const told: number[] = [];
  const states: Checkpoint[] = [5, 10, 20, 3, 12].map((log) => ({ log: log + 7, checkpointed: 7 }));
  const checkpoints = new Checkpoints({
    look: () => states[0] as Checkpoint,
    run: () => states[0] as Checkpoint,
    failureKind: () => 'fatal',
    onHeldBack: (frames) => void told.push(frames),
    ...{ worthFrames: 4, heldBackFrames: 10 },
  });
  for (; states.length > 0; states.shift()) checkpoints.committed();
  expect(told).toEqual([10, 12]);
});

test('row 16: the write-ahead log goes into the database by and by, up to what a foreign reader still reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoints-'));
  const path = join(folder, 'db');
  await writeFile(path, '');
  const told: number[] = [];
  const limits = { worthFrames: 10, heldBackFrames: 20 };
  const engine = new SqliteEngine(path, { onHeldBack: (frames) => void told.push(frames), ...limits });
  const foreign = new Database(path);
  onTestFinished(async () => {
    foreign.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });
  const commit = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await engine.begin();
      await engine.writer
        .insertInto('doomedFiles')
        .values({ kind: 'log', name: `${i}` })
        .execute();
      await engine.commit();
    }
  };
  foreign.exec('create table doomedFiles (kind text, name text)');
  await commit(100);
  expect(told).toEqual([]);
  foreign.exec('begin');
  foreign.prepare('select count(*) from doomedFiles').get();
  await commit(100);
  expect(told).toHaveLength(1);
  foreign.exec('commit');
  await commit(100);
  expect(told).toHaveLength(1);
});
