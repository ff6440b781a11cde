/** Watches what a writing store acknowledges before it is killed, and whether a store that is opened later has it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EVERYTHING } from '@buildbot/shared';
import { expect } from 'vitest';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import type { Store } from '../../packages/master/src/ports/store.ts';
import { openStore } from '../../packages/master/src/store/open.ts';
import { BOOT_ID, textOf } from './store-writer.ts';

const WRITER = join(import.meta.dirname, 'store-writer.ts');

/** What a writer was told is durable. */
export interface Acknowledged {
  requests: Set<number>;
  logId: number;
  seq: number;
}

/** Let a writer write, in this environment besides its own, and kill it at a random moment after it began to be acknowledged. */
export async function writeUntilKilled(
  basedir: string,
  acknowledged: Acknowledged,
  env: Record<string, string> = {},
): Promise<void> {
  const child = spawn(process.execPath, ['-C', 'source', WRITER, basedir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const closed = once(child, 'close');
  const linesToLive = 1 + Math.floor(Math.random() * 60);
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, value] = line.split(' ');
    if (what === 'request') acknowledged.requests.add(Number(value));
    if (what === 'log') acknowledged.logId = Number(value);
    if (what === 'acked') acknowledged.seq = Number(value);
    lines += 1;
    // Not at once: the moment should fall anywhere between two acknowledgements.
    if (lines === linesToLive) setTimeout(() => child.kill('SIGKILL'), Math.random() * 10);
  }
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
}

async function checkNothingLost(store: Store, acknowledged: Acknowledged): Promise<void> {
  const { rows } = await store.query('buildrequests', EVERYTHING);
  const kept = new Set(rows.map(({ buildrequestid }) => buildrequestid));
  expect([...acknowledged.requests].filter((id) => !kept.has(id))).toEqual([]);

  const workers = await store.query('workers', EVERYTHING);
  const { ackedSeq } = await store.openSession(workers.rows[0]?.workerid as number, BOOT_ID);
  expect(ackedSeq).toBeGreaterThanOrEqual(acknowledged.seq);
  let expected = '';
  for (let seq = 1; seq <= ackedSeq; seq++) expected += textOf(seq);
  const pieces: Uint8Array[] = [];
  for await (const piece of store.readLog(acknowledged.logId, 0)) pieces.push(piece);
  expect(Buffer.concat(pieces).toString() === expected).toBe(true);
  expect(await store.log(acknowledged.logId)).toMatchObject({ bytes: expected.length, lines: ackedSeq });

  const stamps = await store.query('sourcestamps', EVERYTHING);
  for (const { patch } of stamps.rows) expect(await store.patchBody(patch?.patchid as number)).not.toBeNull();
}

/** Open what was left, look whether all of it is there, and close it again. */
export async function checkReopened(basedir: string, acknowledged: Acknowledged): Promise<void> {
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  try {
    await checkNothingLost(store, acknowledged);
  } finally {
    await store.close();
  }
}
