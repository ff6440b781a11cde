import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../log.ts';
import { migrate } from './migrate.ts';
import { SqliteEngine } from './sqlite/engine.ts';
import { createDatabaseFile } from './sqlite/files.ts';
import { type Verb, type WriteContext, WriteQueue } from './write-queue.ts';

/** A real engine that counts commits and fails on demand. */
class TestEngine extends SqliteEngine {
  commits = 0;
  failCommit: string | null = null;

  override async commit(): Promise<void> {
    if (this.failCommit !== null) throw new Database.SqliteError('injected', this.failCommit);
    await super.commit();
    this.commits += 1;
  }
}

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  const path = join(folder, 'state.sqlite');
  createDatabaseFile(path);
  const engine = new TestEngine(path);
  await migrate(engine, () => 0);
  engine.commits = 0;
  const fatal: Error[] = [];
  const clock = { now: () => 5, monotonic: () => 5 };
  const queue = new WriteQueue({ engine, clock, logger: silentLogger, fatal: (error) => fatal.push(error) });
  onTestFinished(async () => {
    await queue.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });
  const masters = async () =>
    (await engine.reader.selectFrom('masters').select('name').orderBy('masterId').execute()).map(
      (m) => m.name,
    );
  return { path, engine, queue, fatal, masters };
}

/** A verb that writes a row and an event. */
function add(name: string): Verb<string> {
  return async (context: WriteContext) => {
    context.emit([`masters/${name}`], { name });
    await context.db.insertInto('masters').values({ name, active: 1, lastActiveAt: context.now }).execute();
    return name;
  };
}

function failing(name: string): Verb<never> {
  return async (context) => {
    await add(name)(context);
    throw new Error(`${name} failed`);
  };
}

describe('the write queue', () => {
  test('lets verbs that arrive together share one commit', async () => {
    const { engine, queue, masters } = await setup();
    const names = Array.from({ length: 50 }, (_, i) => `m${i}`);
    expect(await Promise.all(names.map((name) => queue.run(add(name))))).toEqual(names);
    expect(engine.commits).toBe(1);
    expect(await masters()).toEqual(names);
  });

  test('takes a verb that throws back alone, with its events', async () => {
    const { queue, masters } = await setup();
    const told: string[] = [];
    queue.onCommit((events) => told.push(...events.flatMap(({ paths }) => paths)));
    const results = await Promise.allSettled([
      queue.run(add('a')),
      queue.run(failing('b')),
      queue.run(add('c')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await masters()).toEqual(['a', 'c']);
    expect(told).toEqual(['masters/a', 'masters/c']);
  });

  test('takes a verb back whose statement the database refuses, and no other', async () => {
    const { queue, masters } = await setup();
    const results = await Promise.allSettled([queue.run(add('a')), queue.run(add('a')), queue.run(add('b'))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await masters()).toEqual(['a', 'b']);
  });

  test('resolves nothing before the commit, and tells after it in order', async () => {
    const { engine, queue } = await setup();
    const order: string[] = [];
    const numbers: number[] = [];
    queue.onCommit((events) => {
      order.push(`told ${engine.commits}`);
      numbers.push(...events.map(({ number }) => number));
    });
    await queue.run(async (context) => {
      context.afterCommit(() => order.push(`after ${engine.commits}`));
      await add('a')(context);
      order.push(`ran ${engine.commits}`);
    });
    await queue.run(add('b'));
    expect(order).toEqual(['ran 0', 'after 1', 'told 1', 'told 2']);
    expect(numbers).toEqual([1, 2]);
  });

  test('rejects everybody in a transaction whose sync failed, says so once, and takes nothing more', async () => {
    const { engine, queue, fatal } = await setup();
    engine.failCommit = 'SQLITE_IOERR_FSYNC';
    const told: unknown[] = [];
    queue.onCommit((events) => told.push(events));
    const results = await Promise.allSettled([queue.run(add('a')), queue.run(add('b'))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(queue.run(add('c'))).rejects.toThrow('the disk failed');
    expect(fatal).toHaveLength(1);
    expect(told).toEqual([]);
    engine.failCommit = null;
  });

  test('goes on after a full disk', async () => {
    const { engine, queue, fatal, masters } = await setup();
    engine.failCommit = 'SQLITE_FULL';
    await expect(queue.run(add('a'))).rejects.toThrow('the disk is full');
    engine.failCommit = null;
    await queue.run(add('b'));
    expect(await masters()).toEqual(['b']);
    expect(fatal).toEqual([]);
  });

  test('row 16: waits for a foreign writer without blocking the process', async () => {
    const { path, queue, masters } = await setup();
    const other = new Database(path);
    other.exec('begin immediate');
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
      if (turns === 10) other.exec('rollback');
    }, 5);
    await queue.run(add('a'));
    clearInterval(ticking);
    other.close();
    expect(turns).toBeGreaterThanOrEqual(10);
    expect(await masters()).toEqual(['a']);
  });

  test('row 16: a long reader holds nobody up, and the log of writes is used again when it is gone', async () => {
    const { path, queue, masters } = await setup();
    const size = async () => (await stat(`${path}-wal`)).size;
    const addMany = async (kind: string) => {
      for (let i = 0; i < 30; i++) await queue.run(add(`${kind}${i} ${'x'.repeat(100_000)}`));
    };
    const reader = new Database(path, { readonly: true });
    reader.exec('begin');
    expect(reader.prepare('select count(*) from masters').pluck().get()).toBe(0);
    await addMany('a');
    const held = await size();
    expect(held).toBeGreaterThan(3_000_000);
    expect(reader.prepare('select count(*) from masters').pluck().get()).toBe(0);
    reader.close();
    await addMany('b');
    await addMany('c');
    expect(await size()).toBeLessThan(held + 1_000_000);
    expect(await masters()).toHaveLength(90);
  });

  test('ends with what it has taken, and refuses what comes later', async () => {
    const { queue, masters } = await setup();
    const taken = queue.run(add('a'));
    await queue.close();
    await taken;
    await expect(queue.run(add('b'))).rejects.toThrow('the store is closed');
    expect(await masters()).toEqual(['a']);
  });
});
