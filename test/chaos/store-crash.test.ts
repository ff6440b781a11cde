/** Promise 1: accepted means durable. A store is killed, or loses its power, while it writes, again and again. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { syncedDisk } from '../support/shims/shims.ts';
import { type Acknowledged, checkReopened, writeUntilKilled } from './store-witness.ts';

const KILLS = 30;
const POWER_CUTS = 10;

async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'store-crash-')));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test(`a store that is killed ${KILLS} times loses nothing it acknowledged, and keeps logs byte for byte`, async () => {
  const basedir = await newFolder();
  const acknowledged: Acknowledged = { requests: new Set(), logId: 0, seq: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    await writeUntilKilled(basedir, acknowledged);
    await checkReopened(basedir, acknowledged);
  }
  expect(acknowledged.seq).toBeGreaterThan(KILLS);
  expect(acknowledged.requests.size).toBeGreaterThan(KILLS);
}, 300_000);

test(`row 22: ${POWER_CUTS} power cuts lose nothing that was acknowledged`, async () => {
  const root = await newFolder();
  const acknowledged: Acknowledged = { requests: new Set(), logId: 0, seq: 0 };
  let basedir = join(root, '0');
  await mkdir(basedir);
  for (let cut = 1; cut <= POWER_CUTS; cut++) {
    const disk = await syncedDisk(basedir);
    await writeUntilKilled(basedir, acknowledged, disk.env);
    basedir = join(root, String(cut));
    await disk.rebuild(basedir);
    await checkReopened(basedir, acknowledged);
  }
  expect(acknowledged.seq).toBeGreaterThan(POWER_CUTS);
}, 300_000);
