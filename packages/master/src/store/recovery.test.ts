import { appendFile, mkdtemp, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Logger } from '../ports/service.ts';
import { bytesOf, World } from './contract/world.contract.ts';
import { openStore } from './open.ts';

/** A world whose files the test can reach, and what its stores complained about. */
async function setup() {
  const basedir = await mkdtemp(join(tmpdir(), 'recovery-'));
  onTestFinished(() => rm(basedir, { recursive: true }));
  const errors: string[] = [];
  const quiet = () => {};
  const logger: Logger = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (_fields, message) => errors.push(message),
    child: () => logger,
  };
  const fatal = (error: Error) => {
    throw error;
  };
  const world = await World.make(async () => ({
    open: (clock) => openStore({ basedir, clock, logger, fatal }),
  }));
  const log = await world.log();
  const path = join(basedir, 'logs', '0', `${log.buildId}.log`);
  const text = async () => (await bytesOf(world.store.readLog(log.logId, 0))).toString();
  return { world, log, path, text, errors };
}

test('row 21: a start cuts what a crash left behind the bytes that count', async () => {
  const { world, log, path, text, errors } = await setup();
  await world.store.appendLog(log.logId, 'o', Buffer.from('kept\n'));
  const { size } = await stat(path);
  await appendFile(path, 'torn');
  await world.reopen();
  expect((await stat(path)).size).toBe(size);
  await world.store.appendLog(log.logId, 'o', Buffer.from('next\n'));
  expect(await text()).toBe('kept\nnext\n');
  expect(errors).toEqual([]);
});

test('a start removes a file of which nothing counts', async () => {
  const { world, log, path, text } = await setup();
  await world.store.appendLog(log.logId, 'o', Buffer.from('x'));
  const other = await world.log();
  await appendFile(path.replace(/\d+\.log$/, `${other.buildId}.log`), 'torn before the first commit');
  await world.reopen();
  expect(await text()).toBe('x');
  await expect(stat(path.replace(/\d+\.log$/, `${other.buildId}.log`))).rejects.toThrow('ENOENT');
});

test('a start says loudly that the disk lost bytes, and keeps what is left readable', async () => {
  const { world, log, path, text, errors } = await setup();
  await world.store.appendLog(log.logId, 'o', Buffer.from('kept\n'));
  await world.store.appendLog(log.logId, 'o', Buffer.from('lost\n'));
  await truncate(path, (await stat(path)).size - 1);
  await world.reopen();
  expect(errors).toEqual(['the disk lost log bytes it had confirmed']);
  expect(await world.store.log(log.logId)).toMatchObject({ bytes: 5, lines: 1 });
  await world.store.appendLog(log.logId, 'o', Buffer.from('next\n'));
  expect(await text()).toBe('kept\nnext\n');
});

test('a finished build is read up to what counts, whatever lies behind', async () => {
  const { world, log, path, text } = await setup();
  await world.store.appendLog(log.logId, 'o', Buffer.from('kept\n'));
  await world.finish(log.buildId);
  await appendFile(path, 'torn');
  await world.reopen();
  expect(await text()).toBe('kept\n');
});
