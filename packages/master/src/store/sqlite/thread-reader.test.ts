/** Long reads in a thread: what they answer, that nothing else waits for them, and when the thread is there. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openWriter } from './engine.ts';
import { createDatabaseFile } from './files.ts';
import { ThreadReader, type ThreadReaderOptions } from './thread-reader.ts';

/** A reader over a table of `count` numbers. */
async function reading(count: number, options: ThreadReaderOptions = {}): Promise<ThreadReader> {
  const folder = await mkdtemp(join(tmpdir(), 'thread-'));
  const path = join(folder, 'db');
  createDatabaseFile(path);
  const db = openWriter(path);
  db.exec(`create table numbers as with recursive n(n) as (select 1 union all select n + 1 from n where n < ${count})
    select n from n`);
  db.close();
  const reader = new ThreadReader(path, options);
  onTestFinished(async () => {
    await reader.close();
    await rm(folder, { recursive: true });
  });
  return reader;
}

/** Seconds of work, more or less. */
const long = sql`with recursive n(n) as (select 1 union all select n + 1 from n where n < 500000) select max(n) from n`;

test('the rows of several portions come whole and in order, of statements one after the other', async () => {
  const { db } = await reading(1001);
  const numbers = sql<{ n: number }>`select n from numbers order by n desc`;
  const three = sql<{ n: number }>`select n from numbers where n <= ${3}`;
  const [all, few] = await Promise.all([numbers.execute(db), three.execute(db)]);
  expect(all.rows.map(({ n }) => n)).toEqual(Array.from({ length: 1001 }, (_, i) => 1001 - i));
  expect(few.rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('nothing else waits for a long statement', async () => {
  const { db } = await reading(1);
  let isDone = false;
  const done = long.execute(db).then(() => {
    isDone = true;
  });
  let turns = 0;
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  await done;
  expect(turns).toBeGreaterThan(1);
});

test('a statement that cannot be run fails alone', async () => {
  const { db } = await reading(1);
  await expect(sql`select m from numbers`.execute(db)).rejects.toThrow('no such column: m');
  await expect(sql`delete from numbers`.execute(db)).rejects.toThrow();
  expect((await sql`select n from numbers`.execute(db)).rows).toEqual([{ n: 1 }]);
});

test('a statement that takes too long is given up, and the next one is answered', async () => {
  const options = { limitMs: 20 };
  const { db } = await reading(1, options);
  const [given, next] = [long.execute(db), sql`select n from numbers`.execute(db)];
  await expect(given).rejects.toThrow('reading this takes more than 0.02s');
  options.limitMs = 20_000;
  expect((await next).rows).toEqual([{ n: 1 }]);
});

test('the thread is there only while somebody asks', async () => {
  const reader = await reading(1, { idleMs: 1 });
  expect(reader.isRunning).toBe(false);
  await sql`select n from numbers`.execute(reader.db);
  await vi.waitFor(() => expect(reader.isRunning).toBe(false), 20_000);
  expect((await sql`select n from numbers`.execute(reader.db)).rows).toEqual([{ n: 1 }]);
});

test('a closed reader fails what is under way', async () => {
  const reader = await reading(1);
  const failed = expect(long.execute(reader.db)).rejects.toThrow(
    'the thread that reads the database has ended',
  );
  await vi.waitFor(() => expect(reader.isRunning).toBe(true));
  await reader.close();
  await failed;
});
