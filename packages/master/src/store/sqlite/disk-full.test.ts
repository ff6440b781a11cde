/** A disk that is full: refused and told, nothing lost, and all well again once there is space. Needs root for a small disk. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../log.ts';
import { BOOT, bytesOf, logEffect, World } from '../contract/world.contract.ts';
import { openStore } from '../open.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const mustRun = process.env.CI === 'true';

/** A disk of 6 MB that disappears with the test. */
async function smallDisk(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'small-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', path]);
  onTestFinished(async () => {
    await run('umount', [path]);
    await rm(path, { recursive: true });
  });
  return path;
}

/** Take all space that is left; gives it back when called. */
async function fill(path: string): Promise<() => Promise<void>> {
  const ballast = join(path, 'ballast');
  await expect(writeFile(ballast, Buffer.alloc(16 * 1024 * 1024))).rejects.toThrow('ENOSPC');
  return () => rm(ballast);
}

test.skipIf(!isRoot && !mustRun)('a full disk is told, loses nothing, and is got over', async () => {
  const basedir = await smallDisk();
  const fatal: Error[] = [];
  const world = await World.make(async () => ({
    open: (clock) => openStore({ basedir, clock, logger: silentLogger, fatal: (error) => fatal.push(error) }),
  }));
  const { store, w1 } = world;
  const log = await world.log();
  await store.openSession(w1, BOOT);
  const texts = Array.from(
    { length: 4 },
    (_, i) => `${i}${Array.from({ length: 9000 }, (_, k) => (k * 7919 * (i + 1)) % 997)}\n`,
  );
  await store.commitWorkerEffects(w1, BOOT, [logEffect(1, log, texts[0] as string)]);

  const giveBack = await fill(basedir);
  const second = [logEffect(2, log, texts[1] as string)];
  await expect(store.commitWorkerEffects(w1, BOOT, second)).rejects.toThrow('the disk is full');
  const refused = await Promise.allSettled(Array.from({ length: 2000 }, () => world.request()));
  const isRefused = (result: PromiseSettledResult<number>) => result.status === 'rejected';
  const reasons = new Set(
    refused.filter(isRefused).map((result) => String((result as PromiseRejectedResult).reason)),
  );
  expect([...reasons]).toEqual(['ExternalError: database: the disk is full']);
  expect((await bytesOf(store.readLog(log.logId, 0))).toString()).toBe(texts[0]);

  await giveBack();
  await store.commitWorkerEffects(w1, BOOT, second);
  await store.appendLog(log.logId, 'o', Buffer.from(texts[2] as string));
  const added = await world.request();
  expect(fatal).toEqual([]);
  await world.reopen();
  expect((await bytesOf(world.store.readLog(log.logId, 0))).toString()).toBe(texts.slice(0, 3).join(''));
  const pending = (await world.store.pendingRequests()).map(({ requestId }) => requestId);
  const accepted = refused.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(pending).toEqual([...accepted, added]);
});
